using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using MasterX.Tests.Hosts;
using Microsoft.AspNetCore.Http;

namespace MasterX.Tests.Gateway;

/// <summary><c>POST /v1/messages</c> to a provider of Anthropic's own format: what the caller says and hears passes as it is.</summary>
public sealed class MessagesPassThroughTests
{
    private const string Answer = """{"id":"msg_1","type":"message","role":"assistant","model":"claude-x","content":[{"type":"text","text":"hi"},{"type":"a_block_of_tomorrow","x":1}],"stop_reason":"end_turn","stop_sequence":null,"usage":{"input_tokens":10,"cache_creation_input_tokens":3,"cache_read_input_tokens":7,"output_tokens":5}}""";

    private static readonly string[] Events =
    [
        """{"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","model":"claude-x","content":[],"stop_reason":null,"usage":{"input_tokens":10,"cache_read_input_tokens":7,"output_tokens":1}}}""",
        """{"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":""}}""",
        """{"type":"ping"}""",
        """{"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"hm"}}""",
        """{"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"c2ln"}}""",
        """{"type":"content_block_stop","index":0}""",
        """{"type":"content_block_start","index":1,"content_block":{"type":"text","text":""}}""",
        """{"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"hi \"you\""}}""",
        """{"type":"content_block_stop","index":1}""",
        """{"type":"event_of_tomorrow","x":[1]}""",
        """{"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":5}}""",
        """{"type":"message_stop"}""",
    ];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Body_version_and_betas_reach_the_provider_and_its_answer_the_caller()
    {
        string? body = null, version = null, beta = null, key = null;
        await using var provider = await ScriptedProvider.StartAsync(async context =>
        {
            using var reader = new StreamReader(context.Request.Body);
            body = await reader.ReadToEndAsync(context.RequestAborted);
            (version, beta, key) = (context.Request.Headers["anthropic-version"], context.Request.Headers["anthropic-beta"], context.Request.Headers["x-api-key"]);
            await ScriptedProvider.JsonAsync(context, Answer);
        });
        await using var gateway = Gateway(provider);
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/messages")
        {
            Content = new StringContent("""{"model":"anthropic/claude-x","max_tokens":9,"system":[{"type":"text","text":"é","cache_control":{"type":"ephemeral"}}],"field_of_tomorrow":{"model":"inner"},"messages":[{"role":"user","content":"x"}]}""", Encoding.UTF8, "application/json"),
        };
        request.Headers.Add("anthropic-version", "2099-01-01");
        request.Headers.Add("anthropic-beta", "one-2025,two-2026");

        using var answer = await gateway.Http.SendAsync(request, Token);

        Assert.Equal(Answer, await answer.Content.ReadAsStringAsync(Token));
        Assert.Equal("""{"model":"claude-x","max_tokens":9,"system":[{"type":"text","text":"é","cache_control":{"type":"ephemeral"}}],"field_of_tomorrow":{"model":"inner"},"messages":[{"role":"user","content":"x"}]}""", body);
        Assert.Equal(("2099-01-01", "one-2025,two-2026", "key-of-anthropic-1234567890"), (version, beta, key));
        Assert.Equal(("20", "5", "anthropic"), (answer.Header("x-masterx-tokens-in"), answer.Header("x-masterx-tokens-out"), answer.Header("x-masterx-provider")));
    }

    [Fact]
    public async Task A_stream_passes_event_by_event_with_its_names()
    {
        await using var provider = await ScriptedProvider.StartAsync(context => StreamAsync(context, Events));
        await using var gateway = Gateway(provider);
        gateway.Http.DefaultRequestHeaders.Add("x-masterx-call", "m");

        using var answer = await PostAsync(gateway, stream: true);
        var text = await answer.Content.ReadAsStringAsync(Token);

        var heard = text.Split("\n\n", StringSplitOptions.RemoveEmptyEntries).Where(part => !part.StartsWith(':'));
        Assert.Equal(Events.Select(data => $"event: {JsonDocument.Parse(data).RootElement.GetProperty("type").GetString()}\ndata: {data}"), heard);
        var spent = (await gateway.RecordAsync("m")).GetProperty("spent")[0];
        Assert.Equal(("17", "5", "False"), (spent.Text("input_tokens"), spent.Text("output_tokens"), spent.Text("estimated")));
    }

    /// <summary>What breaks off before any content is made good by the next candidate; after it, the caller is told, and no end mark follows.</summary>
    [Theory]
    [InlineData(3, true)]
    [InlineData(8, false)]
    public async Task A_stream_that_breaks_off_moves_on_before_content_and_ends_in_an_error_event_after_it(int events, bool movesOn)
    {
        await using var broken = await ScriptedProvider.StartAsync(context => StreamAsync(context, Events[..events]));
        await using var whole = await ScriptedProvider.StartAsync(context => StreamAsync(context, Events));
        await using var gateway = new GatewayHost(
            ("Gateway:Providers:anthropic:BaseUrl", broken.Url), ("Gateway:Providers:other:BaseUrl", whole.Url), ("Gateway:Providers:other:Kind", "anthropic"),
            ("Gateway:Routes:r:Candidates:0", "anthropic/a"), ("Gateway:Routes:r:Candidates:1", "other/b"));

        using var answer = await PostAsync(gateway, stream: true, "r");
        var text = await answer.Content.ReadAsStringAsync(Token);

        Assert.Equal(movesOn, text.Contains("message_stop", StringComparison.Ordinal));
        Assert.Equal(!movesOn, text.Contains("event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"api_error\"", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("""{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}""")]
    [InlineData("""{"type":"message","role":"assistant"}""")]
    [InlineData("""not json""")]
    public async Task What_is_no_message_is_no_answer(string body)
    {
        await using var bad = await ScriptedProvider.StartAsync(context => ScriptedProvider.JsonAsync(context, body));
        await using var good = await ScriptedProvider.StartAsync(context => ScriptedProvider.JsonAsync(context, Answer));
        await using var gateway = new GatewayHost(
            ("Gateway:Providers:anthropic:BaseUrl", bad.Url), ("Gateway:Providers:other:BaseUrl", good.Url), ("Gateway:Providers:other:Kind", "anthropic"),
            ("Gateway:Routes:r:Candidates:0", "anthropic/a"), ("Gateway:Routes:r:Candidates:1", "other/b"));

        using var answer = await PostAsync(gateway, stream: false, "r");

        Assert.Equal((200, "other"), ((int)answer.StatusCode, answer.Header("x-masterx-provider")));
    }

    [Theory]
    [InlineData("""{"model":"anthropic/m","messages":[]}""", 400, "invalid_request_error")]
    [InlineData("""{"model":"nobody/m","messages":[{"role":"user","content":"x"}]}""", 404, "not_found_error")]
    [InlineData("""{"model":""", 400, "invalid_request_error")]
    public async Task Errors_are_in_Anthropics_form(string body, int status, string type)
    {
        await using var gateway = new GatewayHost();

        using var answer = await gateway.Http.PostAsync(new Uri("/v1/messages", UriKind.Relative), new StringContent(body, Encoding.UTF8, "application/json"), Token);
        using var error = JsonDocument.Parse(await answer.Content.ReadAsStringAsync(Token));

        Assert.Equal((status, "error", type), ((int)answer.StatusCode, error.RootElement.GetProperty("type").GetString(), error.RootElement.GetProperty("error").GetProperty("type").GetString()));
        Assert.NotEmpty(error.RootElement.GetProperty("request_id").GetString()!);
    }

    [Fact]
    public async Task A_stranger_is_told_so_in_Anthropics_form()
    {
        await using var gateway = new GatewayHost();

        using var answer = await gateway.Anonymous.PostAsJsonAsync("/v1/messages", new { }, Token);

        Assert.Equal(401, (int)answer.StatusCode);
        Assert.Contains("\"type\":\"authentication_error\"", await answer.Content.ReadAsStringAsync(Token), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("anthropic/m", false)]
    [InlineData("openai/m", true)]
    public async Task Tokens_are_counted_by_a_provider_that_counts_and_reckoned_otherwise(string model, bool reckoned)
    {
        await using var gateway = new GatewayHost();

        using var answer = await gateway.Http.PostAsJsonAsync("/v1/messages/count_tokens", new { model, messages = new[] { new { role = "user", content = new string('x', 400) } } }, Token);
        using var count = JsonDocument.Parse(await answer.Content.ReadAsStringAsync(Token));

        Assert.InRange(count.RootElement.GetProperty("input_tokens").GetInt32(), 100, 130);
        Assert.Equal(reckoned ? "true" : null, answer.Headers.TryGetValues("x-masterx-tokens-estimated", out var said) ? said.Single() : null);
        Assert.False(answer.Headers.Contains("x-masterx-cost-usd"));
    }

    [Fact]
    public async Task Models_are_listed_in_pages_of_Anthropics_form_for_its_clients_alone()
    {
        await using var gateway = new GatewayHost();
        using var asOpenAi = JsonDocument.Parse(await gateway.Http.GetStringAsync(new Uri("/v1/models", UriKind.Relative), Token));
        var expected = asOpenAi.RootElement.GetProperty("data").EnumerateArray().Select(model => model.GetProperty("id").GetString()).ToArray();
        gateway.Http.DefaultRequestHeaders.Add("anthropic-version", "2023-06-01");

        List<string?> found = [];
        for (var more = true; more;)
        {
            using var page = JsonDocument.Parse(await gateway.Http.GetStringAsync(new Uri($"/v1/models?limit=2{(found.Count == 0 ? "" : $"&after_id={found[^1]}")}", UriKind.Relative), Token));
            found.AddRange(page.RootElement.GetProperty("data").EnumerateArray().Select(model => model.GetProperty("id").GetString()));
            more = page.RootElement.GetProperty("has_more").GetBoolean();
        }

        Assert.Equal(expected, found);
        using var one = JsonDocument.Parse(await gateway.Http.GetStringAsync(new Uri($"/v1/models/{expected[0]}", UriKind.Relative), Token));
        Assert.Equal("model", one.RootElement.GetProperty("type").GetString());
    }

    private static GatewayHost Gateway(ScriptedProvider provider) => new(("Gateway:Providers:anthropic:BaseUrl", provider.Url));

    private static Task<HttpResponseMessage> PostAsync(GatewayHost gateway, bool stream, string model = "anthropic/claude-x") =>
        gateway.Http.PostAsJsonAsync("/v1/messages", new { model, stream, max_tokens = 9, messages = new[] { new { role = "user", content = "x" } } }, Token);

    private static async Task StreamAsync(Microsoft.AspNetCore.Http.HttpContext context, IEnumerable<string> events)
    {
        context.Response.ContentType = "text/event-stream";
        foreach (var data in events)
        {
            await context.Response.WriteAsync($"event: {JsonDocument.Parse(data).RootElement.GetProperty("type").GetString()}\ndata: {data}\n\n", context.RequestAborted);
        }
    }
}
