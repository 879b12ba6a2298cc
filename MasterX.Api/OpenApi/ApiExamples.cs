using System.Text.Json.Nodes;
using Microsoft.OpenApi;

namespace MasterX.Api.OpenApi;

/// <summary>A request and its answer for every operation, by operation id.</summary>
internal static class ApiExamples
{
    private const string Generated = """
        {"id":"gen_01a20bad32ca7f58b4532de29093a2b3","success":true,"content":"A circuit breaker stops calling a service that keeps failing.","confidence":0.91,"provider":"groq","model":"llama-3.3-70b-versatile","usage":{"input_tokens":6,"output_tokens":12,"total_tokens":18},"cost":0.00001302,"attempts":[{"provider":"gemini","model":"gemini-2.5-flash","outcome":"provider_failed","status":503,"latency_ms":12},{"provider":"groq","model":"llama-3.3-70b-versatile","outcome":"success","status":200,"latency_ms":340}],"cached":false,"latency_ms":361,"finish_reason":"stop","truncated":false}
        """;

    private const string Kept = """
        {"id":"gen_01a20bad32ca7f58b4532de29093a2b3","created_at":"2026-11-24T12:00:00.123+00:00","prompt":"What is a circuit breaker?","system":null,"user_id":"usr_01a20bad32ca7f58b4532de29093a2b3","success":true,"content":"A circuit breaker stops calling a service that keeps failing.","interrupted":false,"confidence":0.91,"provider":"gemini","model":"gemini-2.5-flash","usage":{"input_tokens":6,"output_tokens":12,"total_tokens":18},"cost":0.0000318,"attempts":[{"provider":"gemini","model":"gemini-2.5-flash","outcome":"success","status":200,"latency_ms":410}],"cached":false,"latency_ms":433,"finish_reason":"stop","truncated":false}
        """;

    private const string User = """{"id":"usr_01a20bad32ca7f58b4532de29093a2b3","name":"Ada Lovelace","email":"ada@example.com","created_at":"2026-11-24T12:00:00.123+00:00","updated_at":"2026-11-24T12:00:00.123+00:00"}""";

    private const string Key = """{"id":"key_01a20bad32ca7f58b4532de29093a2b3","name":"the web shop","preview":"mx_4Kd9s","scopes":["generate"],"created_at":"2026-11-24T12:00:00.123+00:00","expires_at":"2027-11-24T12:00:00+00:00","revoked_at":null,"last_used_at":null,"requests_per_minute":60,"max_concurrency":4,"monthly_budget_usd":25.5}""";

    private const string Model = """{"id":"auto","object":"model","owned_by":"gemini"}""";

    private static readonly Dictionary<string, (string? Request, string? Answer)> ById = new()
    {
        ["getInfo"] = (null, """{"name":"MasterX","version":"0.1.0","links":{"generate":"/api/ai/generate","docs":"/docs"}}"""),
        ["generate"] = ("""{"prompt":"What is a circuit breaker?","max_tokens":200}""", Generated),
        ["listGenerations"] = (null, $$"""{"items":[{{Kept}}],"next_cursor":null}"""),
        ["getGeneration"] = (null, Kept),
        ["deleteGenerations"] = (null, """{"deleted":12}"""),
        ["createUser"] = ("""{"name":"Ada Lovelace","email":"ada@example.com"}""", User),
        ["listUsers"] = (null, $$"""{"items":[{{User}}],"next_cursor":null}"""),
        ["getUser"] = (null, User),
        ["updateUser"] = ("""{"name":"Ada King"}""", User.Replace("Ada Lovelace", "Ada King", StringComparison.Ordinal)),
        ["createKey"] = ("""{"name":"the web shop","scopes":["generate"],"requests_per_minute":60,"max_concurrency":4,"monthly_budget_usd":25.5}""", """{"id":"key_01a20bad32ca7f58b4532de29093a2b3","key":"mx_ and 49 letters and digits, shown this once","name":"the web shop","scopes":["generate"],"created_at":"2026-11-24T12:00:00.123+00:00","expires_at":null,"requests_per_minute":60,"max_concurrency":4,"monthly_budget_usd":25.5}"""),
        ["listKeys"] = (null, $$"""{"items":[{{Key}}],"next_cursor":null}"""),
        ["getKey"] = (null, Key),
        ["listUsage"] = (null, """{"from":"2026-11-01","to":"2026-11-24","items":[{"key_id":"key_01a20bad32ca7f58b4532de29093a2b3","day":"2026-11-24","requests":3,"input_tokens":18,"output_tokens":36,"cost_usd":0.0000954}],"total":{"requests":3,"input_tokens":18,"output_tokens":36,"cost_usd":0.0000954}}"""),
        ["createChatCompletion"] = ("""{"model":"auto","messages":[{"role":"user","content":"What is a circuit breaker?"}]}""", """{"id":"chatcmpl-1","object":"chat.completion","model":"gemini-2.5-flash","choices":[{"index":0,"message":{"role":"assistant","content":"It stops calling a service that keeps failing."},"finish_reason":"stop"}],"usage":{"prompt_tokens":6,"completion_tokens":9,"total_tokens":15}}"""),
        ["createEmbedding"] = ("""{"model":"text-embedding-3-small","input":"a text"}""", """{"object":"list","data":[{"object":"embedding","index":0,"embedding":[0.1,-0.2]}],"model":"text-embedding-3-small","usage":{"prompt_tokens":2,"total_tokens":2}}"""),
        ["createResponse"] = ("""{"model":"openai/gpt-4.1-mini","input":"What is a circuit breaker?"}""", """{"id":"resp_1","object":"response","status":"completed","output":[{"type":"message","role":"assistant","content":[{"type":"output_text","text":"It stops calling a service that keeps failing."}]}],"usage":{"input_tokens":6,"output_tokens":9,"total_tokens":15}}"""),
        ["getResponse"] = (null, """{"id":"resp_1","object":"response","status":"completed","output":[{"type":"message","role":"assistant","content":[{"type":"output_text","text":"It stops calling a service that keeps failing."}]}]}"""),
        ["deleteResponse"] = (null, """{"id":"resp_1","object":"response","deleted":true}"""),
        ["createMessage"] = ("""{"model":"auto","max_tokens":200,"messages":[{"role":"user","content":"What is a circuit breaker?"}]}""", """{"id":"msg_1","type":"message","role":"assistant","model":"claude-sonnet-4-5","content":[{"type":"text","text":"It stops calling a service that keeps failing."}],"stop_reason":"end_turn","usage":{"input_tokens":6,"output_tokens":9}}"""),
        ["countTokens"] = ("""{"model":"auto","messages":[{"role":"user","content":"What is a circuit breaker?"}]}""", """{"input_tokens":6}"""),
        ["listModels"] = (null, $$"""{"object":"list","data":[{{Model}}]}"""),
        ["getModel"] = (null, Model),
    };

    public static void AddTo(OpenApiOperation operation)
    {
        if (operation.OperationId is null || !ById.TryGetValue(operation.OperationId, out var example))
        {
            return;
        }

        Set(operation.RequestBody?.Content, example.Request);
        Set(operation.Responses?.FirstOrDefault(response => response.Key is "200" or "201").Value?.Content, example.Answer);
    }

    private static void Set(IDictionary<string, OpenApiMediaType>? content, string? example)
    {
        if (example is not null && content is not null && content.TryGetValue("application/json", out var json))
        {
            json.Example = JsonNode.Parse(example);
        }
    }
}
