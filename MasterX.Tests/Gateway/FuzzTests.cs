using System.Net;
using System.Net.Http.Headers;
using System.Text;
using MasterX.Tests.Hosts;
using Microsoft.AspNetCore.Http;

namespace MasterX.Tests.Gateway;

/// <summary>
/// Thousands of broken requests and broken answers: every one is answered, with a status the gateway means to give. The mutations are the same in every run.
/// </summary>
public sealed class FuzzTests
{
    private const int Requests = 24_000;
    private const int Answers = 18_000;

    private static readonly (string Path, string Body)[] RequestSeeds =
    [
        ("/v1/chat/completions", """{"model":"auto","messages":[{"role":"user","content":"hello"}],"temperature":0.5,"max_tokens":10}"""),
        ("/v1/chat/completions", """{"model":"gemini/m","messages":[{"role":"system","content":"s"},{"role":"user","content":[{"type":"text","text":"t"},{"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA"}}]}],"stop":["a"]}"""),
        ("/v1/chat/completions", """{"model":"groq/m","stream":true,"stream_options":{"include_usage":true},"messages":[{"role":"user","content":"é\u00e9"}]}"""),
        ("/v1/chat/completions", """{"model":"gemini/m","messages":[{"role":"assistant","tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":"a","content":"1"}],"tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object"}}}]}"""),
        ("/v1/chat/completions", """{"model":"anthropic/m","stream":true,"max_tokens":9,"messages":[{"role":"assistant","content":null,"tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":"a","content":"1"}],"tools":[{"type":"function","function":{"name":"f"}}]}"""),
        ("/v1/chat/completions", """{"model":"kept","messages":[{"role":"user","content":"kept"}],"tools":[]}"""),
        ("/v1/embeddings", """{"model":"openai/m","input":["one","two"],"encoding_format":"float","dimensions":8}"""),
        ("/v1/responses", """{"model":"openai/m","input":[{"role":"user","content":"hello"}],"stream":true,"max_output_tokens":5}"""),
        ("/v1/responses", """{"model":"gemini/m","input":[{"role":"user","content":[{"type":"input_text","text":"é"},{"type":"input_image","image_url":"data:image/png;base64,AAAA"}]},{"type":"function_call","call_id":"a","name":"f","arguments":"{}"},{"type":"function_call_output","call_id":"a","output":"1"}],"tools":[{"type":"function","name":"f","parameters":{"type":"object"}}],"store":false,"reasoning":{"effort":"low"}}"""),
        ("/v1/responses", """{"model":"anthropic/m","input":"hello","stream":true,"text":{"format":{"type":"json_schema","name":"n","schema":{"type":"object"}}},"instructions":"i"}"""),
        ("/v1/messages", """{"model":"anthropic/m","max_tokens":9,"messages":[{"role":"user","content":"hello"}],"system":[{"type":"text","text":"s","cache_control":{"type":"ephemeral"}}]}"""),
        ("/v1/messages", """{"model":"gemini/m","max_tokens":9,"stream":true,"messages":[{"role":"user","content":[{"type":"image","source":{"type":"base64","media_type":"image/png","data":"AAAA"}}]},{"role":"assistant","content":[{"type":"thinking","thinking":"t","signature":"mx1.gemini.x"},{"type":"tool_use","id":"a","name":"f","input":{}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"a","content":"1"}]}],"tools":[{"name":"f","input_schema":{"type":"object"}}]}"""),
        ("/v1/messages", """{"model":"groq/m","max_tokens":9,"messages":[{"role":"user","content":[{"type":"text","text":"t"}]}],"tool_choice":{"type":"any"},"tools":[{"name":"f","input_schema":{"type":"object"}}],"thinking":{"type":"enabled","budget_tokens":1024},"metadata":{"user_id":"u"}}"""),
        ("/v1/responses", """{"model":"gemini/m","stream":true,"tool_choice":{"type":"custom","name":"p"},"input":[{"type":"additional_tools","tools":[{"type":"function","name":"g"}]},{"role":"user","content":"x"},{"type":"custom_tool_call","call_id":"a","name":"p","input":"i"},{"type":"custom_tool_call_output","call_id":"a","output":"1"},{"type":"local_shell_call","call_id":"b","action":{"type":"exec","command":["ls"]}},{"type":"local_shell_call_output","id":"b","output":"1"},{"type":"image_generation_call","result":"AAAA"}],"tools":[{"type":"custom","name":"p","format":{"type":"grammar","syntax":"lark","definition":"d"}},{"type":"local_shell"},{"type":"namespace","name":"n","tools":[{"type":"function","name":"f"}]},{"type":"web_search"}]}"""),
        ("/v1/responses", """{"model":"anthropic/m","input":"x","tools":[{"type":"web_search","filters":{"allowed_domains":["a"]},"user_location":{"type":"approximate"}}]}"""),
        ("/v1/chat/completions", """{"model":"anthropic/m","messages":[{"role":"user","content":"x"},{"role":"assistant","audio":{"id":"a","data":"AAAA","transcript":"t"},"tool_calls":[{"id":"a","type":"custom","custom":{"name":"p","input":"\\ud83d"}}]},{"role":"tool","tool_call_id":"a","content":"1"}],"tools":[{"type":"custom","custom":{"name":"p","format":{"type":"grammar","grammar":{"syntax":"regex","definition":"a"}}}}]}"""),
        ("/v1/chat/completions", """{"model":"gemini/m","stream":true,"messages":[{"role":"user","content":"x"}],"functions":[{"name":"f"}],"function_call":{"name":"f"}}"""),
        ("/v1/messages", """{"model":"gemini/m","max_tokens":9,"messages":[{"role":"user","content":"x"},{"role":"assistant","content":[{"type":"server_tool_use","id":"s","name":"web_search","input":{}},{"type":"web_search_tool_result","tool_use_id":"s","content":[]},{"type":"tool_use","id":"a","name":"bash","input":{}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"a","content":[{"type":"tool_reference","tool_name":"f"}]}]}],"tools":[{"type":"bash_20250124","name":"bash"},{"type":"text_editor_20250728","name":"e"},{"type":"web_search_20250305","name":"web_search"},{"name":"f","input_schema":{"type":"object"},"input_examples":[{}]}]}"""),
        ("/v1/messages", """{"model":"anthropic/m","max_tokens":9,"messages":[{"role":"user","content":"x"},{"role":"assistant","content":[{"type":"tool_use","id":"a:1","name":"f","input":{}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"a:1","content":"1"}]}]}"""),
        ("/v1/messages/count_tokens", """{"model":"gemini/m","messages":[{"role":"user","content":"hello"}]}"""),
    ];

    private static readonly (string Model, string Path, bool Stream, string Body)[] AnswerSeeds =
    [
        ("openai", "/v1/chat/completions", false, """{"id":"x","object":"chat.completion","model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"hi"},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":2,"prompt_tokens_details":{"cached_tokens":0}}}"""),
        ("gemini", "/v1/chat/completions", false, """{"candidates":[{"content":{"parts":[{"text":"hi"},{"functionCall":{"name":"f","args":{}}}],"role":"model"},"finishReason":"STOP","avgLogprobs":-0.1}],"usageMetadata":{"promptTokenCount":1,"candidatesTokenCount":2}}"""),
        ("openai", "/v1/chat/completions", true, "data: {\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}\n\ndata: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"hi\"}}]}\n\ndata: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n"),
        ("gemini", "/v1/chat/completions", true, "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"hi\"}]},\"index\":0}]}\r\n\r\ndata: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"!\"}]},\"finishReason\":\"STOP\"}],\"usageMetadata\":{\"promptTokenCount\":1}}\r\n\r\n"),
        ("anthropic", "/v1/chat/completions", false, """{"id":"msg_1","type":"message","role":"assistant","model":"m","content":[{"type":"text","text":"hi"},{"type":"tool_use","id":"t","name":"f","input":{}}],"stop_reason":"end_turn","usage":{"input_tokens":1,"output_tokens":2}}"""),
        ("anthropic", "/v1/chat/completions", true, "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"msg_1\",\"model\":\"m\",\"usage\":{\"input_tokens\":1,\"output_tokens\":1}}}\n\nevent: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\nevent: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"hi\"}}\n\nevent: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"},\"usage\":{\"output_tokens\":2}}\n\nevent: message_stop\ndata: {\"type\":\"message_stop\"}\n\n"),
        ("gemini", "/v1/chat/completions", true, "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"t\",\"thought\":true},{\"functionCall\":{\"name\":\"f\",\"args\":{\"a\":1}},\"thoughtSignature\":\"s\"}]},\"finishReason\":\"STOP\"}]}\n\n"),
        ("anthropic", "/v1/chat/completions", true, "data: {\"type\":\"message_start\",\"message\":{\"id\":\"m\"}}\n\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"thinking\",\"thinking\":\"\"}}\n\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"signature_delta\",\"signature\":\"s\"}}\n\ndata: {\"type\":\"content_block_start\",\"index\":1,\"content_block\":{\"type\":\"tool_use\",\"id\":\"t\",\"name\":\"f\",\"input\":{}}}\n\ndata: {\"type\":\"content_block_delta\",\"index\":1,\"delta\":{\"type\":\"input_json_delta\",\"partial_json\":\"{}\"}}\n\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"tool_use\"}}\n\ndata: {\"type\":\"message_stop\"}\n\n"),
        ("plain", "/v1/chat/completions", false, """{"id":"x","choices":[{"index":0,"message":{"role":"assistant","content":"hi","reasoning_content":"r","tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":"{}"}}]},"finish_reason":"tool_calls"}],"usage":{"prompt_tokens":1,"completion_tokens":2}}"""),
        ("plain", "/v1/chat/completions", true, "data: {\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,\"id\":\"a\",\"function\":{\"name\":\"f\",\"arguments\":\"{\"}},{\"index\":1,\"id\":\"b\",\"function\":{\"name\":\"g\",\"arguments\":\"{}\"}}]}}]}\n\ndata: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"hi\",\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\"}\"}}]},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n"),
        ("plain", "/v1/chat/completions", false, """{"id":"x","choices":[{"index":0,"message":{"role":"assistant","content":null,"reasoning":"r","reasoning_details":[{"type":"reasoning.text","text":"r","signature":"s","format":"anthropic-claude-v1"},{"type":"reasoning.encrypted","data":"d","id":"i","format":"openai-responses-v1"}],"tool_calls":[{"id":"a","type":"function","function":{"name":"p","arguments":"{\"input\":\"a\\ud83d\"}"}},{"id":"b","type":"function","function":{"name":"local_shell","arguments":"{\"command\":[\"ls\"]}"}}]},"finish_reason":"tool_calls"}]}"""),
        ("plain", "/v1/chat/completions", true, "data: {\"choices\":[{\"index\":0,\"delta\":{\"reasoning_details\":[{\"type\":\"reasoning.text\",\"text\":\"r\",\"format\":\"f\"}]}}]}\n\ndata: {\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,\"id\":\"a\",\"function\":{\"name\":\"p\",\"arguments\":\"{\\\"inp\"}}]}}]}\n\ndata: {\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\"ut\\\":\\\"\\\\u00e9\\\"}\"}}]},\"finish_reason\":\"tool_calls\"}]}\n\ndata: [DONE]\n\n"),
        ("bedrock", "/v1/chat/completions", false, """{"output":{"message":{"role":"assistant","content":[{"reasoningContent":{"reasoningText":{"text":"t","signature":"s"}}},{"text":"hi"},{"toolUse":{"toolUseId":"a","name":"f","input":{}}}]}},"stopReason":"tool_use","usage":{"inputTokens":1,"outputTokens":2,"totalTokens":3}}"""),
        ("bedrock", "/v1/chat/completions", true, "data: {\"messageStart\":{\"role\":\"assistant\"}}\n\ndata: {\"contentBlockDelta\":{\"delta\":{\"reasoningContent\":{\"text\":\"t\"}}}}\n\ndata: {\"contentBlockDelta\":{\"delta\":{\"text\":\"hi\"}}}\n\ndata: {\"contentBlockStart\":{\"start\":{\"toolUse\":{\"toolUseId\":\"a\",\"name\":\"f\"}}}}\n\ndata: {\"contentBlockDelta\":{\"delta\":{\"toolUse\":{\"input\":\"{}\"}}}}\n\ndata: {\"contentBlockStop\":{}}\n\ndata: {\"messageStop\":{\"stopReason\":\"tool_use\"}}\n\ndata: {\"metadata\":{\"usage\":{\"inputTokens\":1,\"outputTokens\":2,\"totalTokens\":3}}}\n\n"),
        ("openai", "/v1/embeddings", false, """{"object":"list","data":[{"object":"embedding","index":0,"embedding":[0.1,0.2]}],"model":"m","usage":{"prompt_tokens":1,"total_tokens":1}}"""),
        ("openai", "/v1/responses", true, "event: response.created\ndata: {\"type\":\"response.created\",\"response\":{\"id\":\"r\",\"usage\":null}}\n\nevent: response.output_text.delta\ndata: {\"type\":\"response.output_text.delta\",\"delta\":\"hi\"}\n\nevent: response.completed\ndata: {\"type\":\"response.completed\",\"response\":{\"id\":\"r\",\"usage\":{\"input_tokens\":1,\"output_tokens\":1}}}\n\n"),
    ];

    /// <summary>Through each of which an answer of any provider is given.</summary>
    private static readonly string[] Doors = ["/v1/chat/completions", "/v1/messages", "/v1/responses"];

    private static readonly int[] MeantForRequests = [200, 400, 404, 413, 415, 429];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Broken_requests_are_answered_with_what_is_wrong()
    {
        await using var gateway = new GatewayHost(
            ("Gateway:Providers:gemini:RequestsPerMinute", "0"), ("Gateway:Providers:groq:RequestsPerMinute", "0"), ("Gateway:Providers:openai:RequestsPerMinute", "0"),
            ("Gateway:Providers:anthropic:RequestsPerMinute", "0"), ("Gateway:Routes:kept:Candidates:0", "openai"), ("Gateway:Routes:kept:Cache", "00:05:00"),
            ("Logging:LogLevel:Default", "None"));
        var unexpected = new List<string>();

        await Parallel.ForAsync(0, Requests, new ParallelOptions { MaxDegreeOfParallelism = 8, CancellationToken = Token }, async (number, token) =>
        {
            var (path, seed) = RequestSeeds[number % RequestSeeds.Length];
            var body = new Mutator(number).Mutate(seed);
            using var content = new ByteArrayContent(body) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } };
            using var answer = await gateway.Http.PostAsync(new Uri(path, UriKind.Relative), content, token);
            var text = await answer.Content.ReadAsStringAsync(token);
            if (!MeantForRequests.Contains((int)answer.StatusCode) && !text.Contains("all_providers_failed", StringComparison.Ordinal))
            {
                lock (unexpected)
                {
                    unexpected.Add($"{number}: {(int)answer.StatusCode} {Encoding.UTF8.GetString(body)} -> {text}");
                }
            }
        });

        Assert.True(unexpected.Count == 0, string.Join('\n', unexpected.Take(5)));
    }

    [Fact]
    public async Task Broken_answers_are_failed_attempts_and_nothing_worse()
    {
        await using var provider = await ScriptedProvider.StartAsync(AnswerAsync);
        await using var gateway = new GatewayHost([
            ("Gateway:Providers:plain:ResponsesApi", "false"), ("Gateway:Providers:bedrock:Kind", "bedrock"), ("Gateway:Providers:bedrock:Region", "eu-central-1"),
            ("Gateway:Providers:bedrock:ApiKey", "key-of-bedrock"),
            .. from name in new[] { "gemini", "openai", "anthropic", "plain", "bedrock" }
               from setting in new[] { ("BaseUrl", provider.Url), ("RequestsPerMinute", "0"), ("Circuit:MinimumThroughput", "1000000") }
               select ($"Gateway:Providers:{name}:{setting.Item1}", setting.Item2),
            ("Logging:LogLevel:Default", "None")]);
        var unexpected = new List<string>();

        await Parallel.ForAsync(0, Answers, new ParallelOptions { MaxDegreeOfParallelism = 8, CancellationToken = Token }, async (number, token) =>
        {
            var (model, path, stream, _) = AnswerSeeds[number % AnswerSeeds.Length];
            path = path == "/v1/chat/completions" ? Doors[number / AnswerSeeds.Length % Doors.Length] : path;
            path = path == "/v1/responses" && model == "openai" && AnswerSeeds[number % AnswerSeeds.Length].Path != path ? "/v1/chat/completions" : path;
            var said = path switch
            {
                "/v1/chat/completions" => "\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],\"tools\":[{\"type\":\"custom\",\"custom\":{\"name\":\"p\"}}]",
                "/v1/messages" => "\"max_tokens\":9,\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]",
                "/v1/responses" => "\"input\":\"x\",\"tools\":[{\"type\":\"custom\",\"name\":\"p\"},{\"type\":\"local_shell\"}]",
                _ => "\"input\":\"x\"",
            };
            using var content = new StringContent($$"""{"model":"{{model}}/{{number}}","stream":{{(stream ? "true" : "false")}},{{said}}}""", Encoding.UTF8, "application/json");
            using var answer = await gateway.Http.PostAsync(new Uri(path, UriKind.Relative), content, token);
            var text = await answer.Content.ReadAsStringAsync(token);

            // A stream that has begun ends with the end mark or an error event, never without either.
            var good = answer.StatusCode == HttpStatusCode.OK
                ? !stream || text.EndsWith("data: [DONE]\n\n", StringComparison.Ordinal) || EndsWell(text)
                    || text.Contains("\"error\":{", StringComparison.Ordinal) || text.Contains("event: error\n", StringComparison.Ordinal)
                : path == "/v1/messages" ? (int)answer.StatusCode is 503 or 529 : text.Contains("all_providers_failed", StringComparison.Ordinal);
            if (!good)
            {
                lock (unexpected)
                {
                    unexpected.Add($"{number}: {path} {(int)answer.StatusCode} {text}");
                }
            }
        });

        Assert.True(unexpected.Count == 0, string.Join('\n', unexpected.Take(5)));
    }

    private static bool EndsWell(string stream) =>
        stream.Contains("event: response.completed\n", StringComparison.Ordinal) || stream.Contains("event: response.incomplete\n", StringComparison.Ordinal)
        || stream.Contains("event: message_stop\n", StringComparison.Ordinal);

    /// <summary>Answers with the mutation whose number is the model's name, which stands in the path or the body.</summary>
    private static async Task AnswerAsync(HttpContext context)
    {
        using var request = await System.Text.Json.JsonDocument.ParseAsync(context.Request.Body);
        var path = context.Request.Path.Value!.Split('/');
        var name = request.RootElement.TryGetProperty("model", out var model) ? model.GetString()!
            : path[^1].StartsWith("converse", StringComparison.Ordinal) ? path[^2] : path[^1].Split(':')[0];
        var number = int.Parse(name, System.Globalization.CultureInfo.InvariantCulture);
        var (_, _, stream, body) = AnswerSeeds[number % AnswerSeeds.Length];
        context.Response.ContentType = stream ? "text/event-stream" : "application/json";
        await context.Response.Body.WriteAsync(new Mutator(number).Mutate(body));
    }
}
