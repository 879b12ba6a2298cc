namespace MasterX.ProviderEmulator.Wire;

/// <summary>Failures for a reason, with the status and in the words that each provider has for it.</summary>
internal static class FaultReasons
{
    private const string OpenAiContext =
        """{"error":{"message":"This model's maximum context length is 8 tokens. However, your messages resulted in 12 tokens.","type":"invalid_request_error","param":"messages","code":"context_length_exceeded"}}""";

    private const string GeminiQuota =
        """{"error":{"code":429,"message":"You exceeded your current quota.","status":"RESOURCE_EXHAUSTED","details":[{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"39s"}]}}""";

    /// <summary>By reason and provider; <c>*</c> stands for those that speak OpenAI's format and have no words of their own.</summary>
    private static readonly Dictionary<(string Reason, string Provider), (int Status, string Body)> Bodies = new()
    {
        [("context_length", "*")] = (400, OpenAiContext),
        [("context_length", "anthropic")] = (400, Anthropic("invalid_request_error", "prompt is too long: 215000 tokens > 200000 maximum")),
        [("context_length", "gemini")] =
            (400, Google(400, "INVALID_ARGUMENT", "The input token count (1100000) exceeds the maximum number of tokens allowed (1048576).")),
        [("credit", "*")] = (402, OpenAi("Insufficient Balance", "unknown_error", "invalid_request_error")),
        [("credit", "anthropic")] = (400, Anthropic("invalid_request_error", "Your credit balance is too low to access the Anthropic API.")),
        [("credit", "gemini")] = (429, Google(429, "RESOURCE_EXHAUSTED", "Your prepayment credits are depleted.")),
        [("quota", "*")] = (429, OpenAi("You exceeded your current quota, please check your plan and billing details.", "insufficient_quota", "insufficient_quota")),
        [("quota", "anthropic")] = (400, Anthropic("invalid_request_error", "You have reached your specified API usage limits.")),
        [("quota", "gemini")] = (429, GeminiQuota),
        [("rate_limit", "*")] = (429, OpenAi("Rate limit reached for requests per minute.", "requests", "rate_limit_exceeded")),
        [("rate_limit", "anthropic")] = (429, Anthropic("rate_limit_error", "This request would exceed your organization's rate limit.")),
        [("rate_limit", "gemini")] = (429, GeminiQuota),
        [("overloaded", "*")] = (503, OpenAi("The engine is currently overloaded, please try again later.", "server_error", null)),
        [("overloaded", "groq")] = (498, OpenAi("Flex tier capacity exceeded.", "capacity_exceeded", "capacity_exceeded")),
        [("overloaded", "anthropic")] = (529, Anthropic("overloaded_error", "Overloaded")),
        [("overloaded", "gemini")] = (503, Google(503, "UNAVAILABLE", "The model is overloaded. Please try again later.")),
        [("key", "*")] = (401, OpenAi("Incorrect API key provided.", "invalid_request_error", "invalid_api_key")),
        [("key", "anthropic")] = (401, Anthropic("authentication_error", "invalid x-api-key")),
        [("key", "gemini")] =
            (400, """{"error":{"code":400,"message":"API key not valid.","status":"INVALID_ARGUMENT","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"API_KEY_INVALID"}]}}"""),
        [("model", "*")] = (404, OpenAi("The model does not exist or you do not have access to it.", "invalid_request_error", "model_not_found")),
        [("model", "anthropic")] = (404, Anthropic("not_found_error", "model: claude-x")),
        [("model", "gemini")] = (404, Google(404, "NOT_FOUND", "models/gemini-x is not found for API version v1beta.")),
        [("content", "*")] = (400, OpenAi("The prompt was filtered.", "invalid_request_error", "content_filter")),
        [("content", "anthropic")] = (400, Anthropic("invalid_request_error", "Output blocked by content filtering policy")),
        [("content", "gemini")] = (200, """{"promptFeedback":{"blockReason":"PROHIBITED_CONTENT"}}"""),
        [("tool_call", "*")] = (400, OpenAi("Failed to call a function.", "invalid_request_error", "tool_use_failed")),
        [("tool_call", "anthropic")] = (500, Anthropic("api_error", "Internal server error")),
        [("tool_call", "gemini")] = (200, """{"candidates":[{"finishReason":"MALFORMED_FUNCTION_CALL","index":0}]}"""),
    };

    public static IReadOnlyList<string> Names { get; } = [.. Bodies.Keys.Select(key => key.Reason).Distinct()];

    public static Task WriteAsync(HttpContext context, string provider, string reason)
    {
        var (status, body) = Bodies.TryGetValue((reason, provider), out var own) ? own : Bodies[(reason, "*")];
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/json";
        return context.Response.WriteAsync(body, context.RequestAborted);
    }

    private static string OpenAi(string message, string type, string? code) =>
        $$"""{"error":{"message":"{{message}}","type":"{{type}}","param":null,"code":{{(code is null ? "null" : $"\"{code}\"")}} } }""";

    private static string Anthropic(string type, string message) => $$"""{"type":"error","error":{"type":"{{type}}","message":"{{message}}" } }""";

    private static string Google(int code, string status, string message) =>
        $$"""{"error":{"code":{{code}},"message":"{{message}}","status":"{{status}}" } }""";
}
