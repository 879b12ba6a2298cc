using System.Net.Http.Json;
using System.Text.Json.Nodes;
using MasterX.Tests.Hosts;

namespace MasterX.Tests.Gateway.Prices;

/// <summary>
/// What answers cost whose usage is as the providers' own documentation shows it, by the catalogue's prices, to the picodollar. Each row says
/// where its usage was published (« » around the numbers of the page itself), and how the cost is made of it.
/// </summary>
public sealed class PublishedCostTests : IAsyncDisposable
{
    private ScriptedProvider? _provider;
    private GatewayHost? _gateway;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static TheoryData<string, string, string, string, string> Published() => new()
    {
        // https://platform.openai.com/docs/guides/prompt-caching «2006, 300, 1920»: 86 × 2.50 + 1920 × 1.25 + 300 × 10
        {
            "openai prompt caching", "openai", "gpt-4o",
            """{"prompt_tokens":2006,"completion_tokens":300,"total_tokens":2306,"prompt_tokens_details":{"cached_tokens":1920},"completion_tokens_details":{"reasoning_tokens":0,"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}}""",
            "0.005615"
        },

        // The same page's form for sound, https://platform.openai.com/docs/guides/audio: 50 × 2.50 + 100 × 32 + 20 × 10 + 80 × 64
        {
            "openai sound", "openai", "gpt-audio",
            """{"prompt_tokens":150,"completion_tokens":100,"total_tokens":250,"prompt_tokens_details":{"cached_tokens":0,"audio_tokens":100},"completion_tokens_details":{"reasoning_tokens":0,"audio_tokens":80}}""",
            "0.008645"
        },

        // https://console.groq.com/docs/prompt-caching «4641, 1817, 4608»: 33 × 0.15 + 4608 × 0.075 + 1817 × 0.60
        {
            "groq prompt caching", "groq", "openai/gpt-oss-120b",
            """{"queue_time":0.026,"prompt_tokens":4641,"prompt_time":0.009995497,"completion_tokens":1817,"completion_time":5.57691751,"total_tokens":6458,"total_time":5.586913007,"prompt_tokens_details":{"cached_tokens":4608}}""",
            "0.00144075"
        },

        // https://docs.x.ai/developers/advanced-api-usage/prompt-caching/usage-and-pricing «125, 48, 98»: 27 × 1.25 + 98 × 0.20 + 48 × 2.50
        {
            "xai prompt caching", "xai", "grok-4.3",
            """{"prompt_tokens":125,"completion_tokens":48,"total_tokens":173,"prompt_tokens_details":{"text_tokens":125,"audio_tokens":0,"image_tokens":0,"cached_tokens":98},"completion_tokens_details":{"reasoning_tokens":0,"audio_tokens":0,"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}}""",
            "0.00017335"
        },

        // xAI counts thoughts beside the completion, and the total tells: 32 × 1.25 + (9 + 291) × 2.50
        {
            "xai thoughts", "xai", "grok-4.3",
            """{"prompt_tokens":32,"completion_tokens":9,"total_tokens":332,"completion_tokens_details":{"reasoning_tokens":291}}""",
            "0.00079"
        },

        // https://api-docs.deepseek.com/guides/kv_cache, its two fields: 100 × 0.28 + 400 × 0.028 + 50 × 0.42
        {
            "deepseek cache", "deepseek", "deepseek-chat",
            """{"prompt_tokens":500,"completion_tokens":50,"total_tokens":550,"prompt_cache_hit_tokens":400,"prompt_cache_miss_tokens":100}""",
            "0.0000602"
        },

        // https://openrouter.ai/docs, vendor/model: 1000 × 0.15 + 100 × 0.60
        { "openrouter", "openrouter", "openai/gpt-4o-mini", """{"prompt_tokens":1000,"completion_tokens":100,"total_tokens":1100}""", "0.00021" },

        // https://platform.claude.com/docs/en/build-with-claude/prompt-caching «21, 188086, 0, 393», at 188,107 tokens below the long prompts: 21 × 3 + 188086 × 3.75 + 393 × 15
        {
            "anthropic cache write", "anthropic", "claude-sonnet-4-5",
            """{"input_tokens":21,"cache_creation_input_tokens":188086,"cache_read_input_tokens":0,"output_tokens":393}""",
            "0.7112805"
        },

        // The same page, «2048, 1800, 503, 456, 100»; the sum of what is written is that of both: 2048 × 3 + 1800 × 0.30 + 456 × 3.75 + 100 × 6 + 503 × 15
        {
            "anthropic cache of an hour", "anthropic", "claude-sonnet-4-5-20250929",
            """{"input_tokens":2048,"cache_read_input_tokens":1800,"cache_creation_input_tokens":556,"output_tokens":503,"cache_creation":{"ephemeral_5m_input_tokens":456,"ephemeral_1h_input_tokens":100},"service_tier":"standard"}""",
            "0.016539"
        },

        // https://platform.claude.com/docs/en/agents-and-tools/tool-use/web-search-tool «105, 6039, 1», a search for 0.01: 105 × 3 + 6039 × 15
        {
            "anthropic web search", "anthropic", "claude-sonnet-4-5",
            """{"input_tokens":105,"output_tokens":6039,"cache_read_input_tokens":7123,"cache_creation_input_tokens":7345,"server_tool_use":{"web_search_requests":1}}""",
            "0.13058065"
        },

        // https://platform.claude.com/docs/en/manage-claude/data-residency «25, 150, us»: (25 × 5 + 150 × 25) × 1.1
        { "anthropic in the US", "anthropic", "claude-opus-4-6", """{"input_tokens":25,"output_tokens":150,"inference_geo":"us"}""", "0.0042625" },

        // https://platform.claude.com/docs/en/build-with-claude/fast-mode, twice the price: (25 × 5 + 150 × 25) × 2
        { "anthropic in a hurry", "anthropic", "claude-opus-4-8", """{"input_tokens":25,"output_tokens":150,"speed":"fast","service_tier":"standard"}""", "0.00775" },

        // https://ai.google.dev/gemini-api/docs/tokens «11, 73»: 11 × 0.10 + 73 × 0.40
        { "gemini tokens", "gemini", "gemini-2.0-flash", """{"promptTokenCount":11,"candidatesTokenCount":73,"totalTokenCount":84}""", "0.0000303" },

        // https://ai.google.dev/gemini-api/docs/caching «696219, 696190, 214», above 200,000 tokens: 29 × 2.50 + 696190 × 0.25 + 214 × 15
        {
            "gemini long prompt from the cache", "gemini", "gemini-2.5-pro",
            """{"promptTokenCount":696219,"cachedContentTokenCount":696190,"candidatesTokenCount":214,"totalTokenCount":696433}""",
            "0.17733"
        },

        // https://ai.google.dev/gemini-api/docs/audio, 32 tokens a second: a minute of sound, of which half is cached, with thoughts: 10 × 0.30 + 960 × 1 + 960 × 0.10 + (20 + 100) × 2.50
        {
            "gemini sound", "gemini", "gemini-2.5-flash",
            """{"promptTokenCount":1930,"cachedContentTokenCount":960,"candidatesTokenCount":20,"thoughtsTokenCount":100,"totalTokenCount":2050,"promptTokensDetails":[{"modality":"TEXT","tokenCount":10},{"modality":"AUDIO","tokenCount":1920}],"cacheTokensDetails":[{"modality":"AUDIO","tokenCount":960}]}""",
            "0.001359"
        },

        // https://ai.google.dev/gemini-api/docs/pricing, an image of 1290 tokens for 0.039 (0.0387 by its tokens): 8 × 0.30 + 1290 × 30
        {
            "gemini image", "gemini", "gemini-2.5-flash-image",
            """{"promptTokenCount":8,"candidatesTokenCount":1290,"totalTokenCount":1298,"candidatesTokensDetails":[{"modality":"IMAGE","tokenCount":1290}]}""",
            "0.0387024"
        },

        // The global price, and a tenth more where it is made in a region: (25 × 3 + 150 × 15) × 1.1
        { "vertex in a region", "vertex", "claude-sonnet-4-5@20250929", """{"input_tokens":25,"output_tokens":150}""", "0.0025575" },

        // https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_TokenUsage.html, all of its fields: 100 × 0.80 + 400 × 0.20 + 50 × 3.20
        { "bedrock converse", "bedrock", "amazon.nova-pro-v1:0", """{"inputTokens":100,"outputTokens":50,"totalTokens":550,"cacheReadInputTokens":400,"cacheWriteInputTokens":0}""", "0.00032" },

        // A profile for Europe, in Anthropic's format: 100 × 3.30 + 10 × 4.125 + 20 × 6.60 + 50 × 16.50
        {
            "bedrock claude in Europe", "bedrock", "eu.anthropic.claude-sonnet-4-5-20250929-v1:0",
            """{"input_tokens":100,"output_tokens":50,"cache_creation_input_tokens":30,"cache_creation":{"ephemeral_5m_input_tokens":10,"ephemeral_1h_input_tokens":20}}""",
            "0.00132825"
        },

        // The deployment is called prod; what counts is the model the answer names: 86 × 2.50 + 1920 × 1.25 + 300 × 10
        {
            "azure by the answer's model", "azure", "prod",
            """{"prompt_tokens":2006,"completion_tokens":300,"total_tokens":2306,"prompt_tokens_details":{"cached_tokens":1920}}""",
            "0.005615"
        },
    };

    /// <param name="name">Of the row.</param>
    /// <param name="provider">Asked for it.</param>
    /// <param name="model">Asked for it.</param>
    /// <param name="usage">In the answer, as published.</param>
    /// <param name="dollars">What it costs.</param>
    [Theory]
    [MemberData(nameof(Published))]
    public async Task A_whole_answer_costs_what_its_usage_comes_to(string name, string provider, string model, string usage, string dollars)
    {
        await StartAsync(provider, AnswerOf(provider, model, usage));

        // A format of the provider's own, and one that is translated.
        using var chat = await PostAsync("chat/completions", $"{provider}/{model}");
        using var messages = await PostAsync("messages", $"{provider}/{model}");

        Assert.Equal((name, dollars), (name, chat.Header("x-masterx-cost-usd")));
        Assert.Equal((name, dollars), (name, messages.Header("x-masterx-cost-usd")));
    }

    public async ValueTask DisposeAsync()
    {
        await (_gateway?.DisposeAsync() ?? default);
        await (_provider?.DisposeAsync() ?? default);
    }

    private static string AnswerOf(string provider, string model, string usage) => provider switch
    {
        "gemini" => $$$"""{"candidates":[{"content":{"role":"model","parts":[{"text":"hi"}]},"finishReason":"STOP"}],"usageMetadata":{{{usage}}},"modelVersion":"{{{model}}}"}""",
        "bedrock" when usage.Contains("inputTokens", StringComparison.Ordinal) => $$$"""{"output":{"message":{"role":"assistant","content":[{"text":"hi"}]}},"stopReason":"end_turn","usage":{{{usage}}}}""",
        "anthropic" or "vertex" or "bedrock" => $$$"""{"id":"msg_1","type":"message","role":"assistant","model":"{{{model}}}","content":[{"type":"text","text":"hi"}],"stop_reason":"end_turn","usage":{{{usage}}}}""",
        _ => $$$"""{"id":"c1","object":"chat.completion","created":1,"model":"{{{(provider == "azure" ? "gpt-4o-2024-08-06" : model)}}}","choices":[{"index":0,"message":{"role":"assistant","content":"hi"},"finish_reason":"stop"}],"usage":{{{usage}}}}""",
    };

    private async Task StartAsync(string provider, string answer)
    {
        _provider = await ScriptedProvider.StartAsync(context => ScriptedProvider.JsonAsync(context, answer));
        var section = $"Gateway:Providers:{provider}:";
        List<(string, string?)> settings = [(section + "BaseUrl", _provider.Url), (section + "ApiKey", "key")];
        settings.AddRange(provider switch
        {
            "azure" => [(section + "Kind", "azure")],
            "bedrock" => [(section + "Kind", "bedrock"), (section + "Region", "eu-central-1")],
            "vertex" => [(section + "Kind", "vertex"), (section + "Project", "my-project"), (section + "Location", "europe-west1")],
            _ => [],
        });
        _gateway = new GatewayHost(settings);
    }

    private Task<HttpResponseMessage> PostAsync(string path, string model) =>
        _gateway!.Http.PostAsJsonAsync(
            $"/v1/{path}", new JsonObject { ["model"] = model, ["max_tokens"] = 100, ["messages"] = new JsonArray(new JsonObject { ["role"] = "user", ["content"] = "hi" }) }, Token);
}
