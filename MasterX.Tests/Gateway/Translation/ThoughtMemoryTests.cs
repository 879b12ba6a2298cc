using System.Net.Http.Json;
using System.Text.Json;
using MasterX.Tests.Hosts;
using Microsoft.AspNetCore.Http;

namespace MasterX.Tests.Gateway.Translation;

/// <summary>A client that keeps a call's name and arguments alone can go on all the same; nobody else can use what was kept for it.</summary>
public sealed class ThoughtMemoryTests
{
    private const string GeminiAnswer = """{"candidates":[{"index":0,"content":{"parts":[{"functionCall":{"name":"f","args":{"a":1},"id":"call-1"},"thoughtSignature":"SIG"}]},"finishReason":"STOP"}]}""";

    private const string AnthropicAnswer = """
        {"id":"msg_1","type":"message","role":"assistant","model":"m","content":[{"type":"thinking","thinking":"Hm.","signature":"SIG"},{"type":"tool_use","id":"call-1","name":"f","input":{"a":1}}],"stop_reason":"tool_use","usage":{"input_tokens":1,"output_tokens":1}}
        """;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static readonly object[] Tools = [new { type = "function", function = new { name = "f" } }];

    [Theory]
    [InlineData("\"reasoning_details\":[{\"type\":\"reasoning.text\",\"text\":\"Hm.\",\"format\":\"unknown\",\"index\":0}]", "reasoning_details.0.text")]
    [InlineData("\"reasoning_content\":\"Hm.\"", "reasoning_content")]
    [InlineData("\"reasoning\":\"Hm.\"", "reasoning")]
    public async Task Thoughts_go_back_in_the_field_they_came_in(string thought, string path)
    {
        List<JsonElement> asked = [];
        await using var provider = await ScriptedProvider.StartAsync(async context =>
        {
            asked.Add(await JsonSerializer.DeserializeAsync<JsonElement>(context.Request.Body));
            await ScriptedProvider.JsonAsync(context, $$$"""{"choices":[{"index":0,"message":{"role":"assistant","content":"y",{{{thought}}}},"finish_reason":"stop"}]}""");
        });
        await using var gateway = new GatewayHost(("Gateway:Providers:own:BaseUrl", provider.Url), ("Gateway:Providers:own:ResponsesApi", "false"));
        const string History = """{"model":"own/m","max_tokens":9,"messages":[{"role":"user","content":"x"},{"role":"assistant","content":[{"type":"thinking","thinking":"Hm.","signature":""},{"type":"text","text":"y"}]},{"role":"user","content":"z"}]}""";

        for (var turn = 0; turn < 2; turn++)
        {
            using var content = new StringContent(History, System.Text.Encoding.UTF8, "application/json");
            using var answer = await gateway.Http.PostAsync(new Uri("/v1/messages", UriKind.Relative), content, Token);
            answer.EnsureSuccessStatusCode();
        }

        Assert.Equal((null, "Hm."), (asked[0].GetProperty("messages")[1].Text(path.Split('.')), asked[1].GetProperty("messages")[1].Text(path.Split('.'))));
    }

    [Theory]
    [InlineData("gemini", "gemini-3-pro", false)]
    [InlineData("gemini", "gemini-3-pro", true)]
    [InlineData("anthropic", "claude-sonnet-4-5", false)]
    public async Task A_call_goes_back_with_what_its_provider_wants(string kind, string model, bool stream)
    {
        List<JsonElement> asked = [];
        await using var provider = await ScriptedProvider.StartAsync(async context =>
        {
            asked.Add(await JsonSerializer.DeserializeAsync<JsonElement>(context.Request.Body));
            if (stream && asked.Count == 1)
            {
                context.Response.ContentType = "text/event-stream";
                await context.Response.WriteAsync($"data: {GeminiAnswer}\n\n");
            }
            else
            {
                await ScriptedProvider.JsonAsync(context, kind == "gemini" ? GeminiAnswer : AnthropicAnswer);
            }
        });
        await using var gateway = new GatewayHost(($"Gateway:Providers:{kind}:BaseUrl", provider.Url));

        await AskAsync(gateway, "one", new { model = $"{kind}/{model}", stream, reasoning_effort = "low", tools = Tools, messages = new object[] { new { role = "user", content = "x" } } });
        object Next(string first) => new
        {
            model = $"{kind}/{model}", reasoning_effort = "low", tools = Tools,
            messages = new object[]
            {
                new { role = "user", content = first },
                new { role = "assistant", content = "", tool_calls = new[] { new { id = "call-1", type = "function", function = new { name = "f", arguments = """{"a":1}""" } } } },
                new { role = "tool", tool_call_id = "call-1", content = "1" },
            },
        };
        await AskAsync(gateway, "one", Next("x"));
        await AskAsync(gateway, "two", Next("x"));

        // Another conversation of the same consumer, whose provider names its calls alike.
        await AskAsync(gateway, "one", Next("y"));

        if (kind == "gemini")
        {
            Assert.Equal(
                ["SIG", "skip_thought_signature_validator", "skip_thought_signature_validator"],
                asked.Skip(1).Select(request => request.Text("contents", "1", "parts", "0", "thoughtSignature")));
        }
        else
        {
            Assert.Equal(("Hm.", "SIG", "enabled"), (asked[1].Text("messages", "1", "content", "0", "thinking"), asked[1].Text("messages", "1", "content", "0", "signature"), asked[1].Text("thinking", "type")));
            Assert.All(asked.Skip(2), request => Assert.Equal(("tool_use", null), (request.Text("messages", "1", "content", "0", "type"), request.Text("thinking", "type"))));
        }
    }

    private static async Task AskAsync(GatewayHost gateway, string consumer, object body)
    {
        using var message = new HttpRequestMessage(HttpMethod.Post, new Uri("/v1/chat/completions", UriKind.Relative)) { Content = JsonContent.Create(body), Headers = { { "x-masterx-consumer", consumer } } };
        using var answer = await gateway.Http.SendAsync(message, Token);
        Assert.Equal(200, (int)answer.StatusCode);
        await answer.Content.ReadAsStringAsync(Token);
    }
}
