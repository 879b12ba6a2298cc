using System.IO.Pipelines;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using MasterX.AiGateway.Requests;
using MasterX.Tests.Hosts;
using Microsoft.AspNetCore.Http;

namespace MasterX.Tests.Gateway;

/// <summary>What is wrong with a request is said in OpenAI's form, and no provider hears of it.</summary>
public sealed class RequestTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("", 400, "not valid JSON")]
    [InlineData("{", 400, "not valid JSON")]
    [InlineData("[]", 400, "JSON object")]
    [InlineData("null", 400, "JSON object")]
    [InlineData("{}", 400, "'messages'")]
    [InlineData("""{"messages":[]}""", 400, "at least one message")]
    [InlineData("""{"messages":"hello"}""", 400, "'messages'")]
    [InlineData("""{"messages":["hello"]}""", 400, "'messages'")]
    [InlineData("""{"model":7,"messages":[{"role":"user","content":"hello"}]}""", 400, "'model'")]
    [InlineData("""{"stream":"yes","messages":[{"role":"user","content":"hello"}]}""", 400, "'stream'")]
    [InlineData("""{"messages":[{"role":"user","content":"hello"}]} x""", 400, "not valid JSON")]
    [InlineData("""{"model":"\ud800","messages":[{"role":"user","content":"hello"}]}""", 400, "UTF-8")]
    [InlineData("""{"model":"openai/a\u0000b","messages":[{"role":"user","content":"hello"}]}""", 404, "openai/a")]
    [InlineData("""{"model":"openai/m\r\nx-injected: 1","messages":[{"role":"user","content":"hello"}]}""", 404, "openai/m")]
    [InlineData("""{"model":"openai/modèle","messages":[{"role":"user","content":"hello"}]}""", 404, "openai/mod")]
    [InlineData("""{"model":"no-such-model","messages":[{"role":"user","content":"hello"}]}""", 404, "no-such-model")]
    public async Task A_bad_body_is_a_4xx_that_says_what_is_wrong(string body, int status, string said)
    {
        await using var gateway = new GatewayHost();

        using var answer = await gateway.PostRawAsync(body);

        Assert.Equal(status, (int)answer.StatusCode);
        var error = (await answer.JsonAsync()).GetProperty("error");
        Assert.Contains(said, error.Text("message"), StringComparison.Ordinal);
        Assert.Equal("invalid_request_error", error.Text("type"));
        await NoProviderWasCalledAsync(gateway);
    }

    [Fact]
    public async Task A_deeply_nested_body_is_a_400()
    {
        await using var gateway = new GatewayHost();
        var depth = new string('[', 100_000);

        using var answer = await gateway.PostRawAsync($$"""{"x":{{depth}}""");

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        await NoProviderWasCalledAsync(gateway);
    }

    [Fact]
    public async Task A_body_over_32_MiB_is_a_413()
    {
        await using var gateway = new GatewayHost();

        using var answer = await gateway.PostRawAsync($$"""{"messages":[{"role":"user","content":"{{new string('a', 32 * 1024 * 1024)}}"}]}""");

        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, answer.StatusCode);
        Assert.Equal("request_too_large", (await answer.JsonAsync()).Text("error", "code"));
        await NoProviderWasCalledAsync(gateway);
    }

    [Fact]
    public void What_a_caller_says_will_come_is_not_rented_before_it_has_come()
    {
        var context = new DefaultHttpContext();
        (context.Request.ContentLength, context.Request.Body) = (32 * 1024 * 1024, new Pipe().Reader.AsStream());
        var before = GC.GetAllocatedBytesForCurrentThread();

        var reading = RequestBody.ReadAsync(context.Request, 32 * 1024 * 1024, Token);

        Assert.False(reading.IsCompleted);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1024 * 1024);
    }

    [Fact]
    public async Task Another_content_type_is_a_415()
    {
        await using var gateway = new GatewayHost();

        using var answer = await gateway.PostRawAsync("""{"messages":[{"role":"user","content":"hello"}]}""", "text/plain");

        Assert.Equal(HttpStatusCode.UnsupportedMediaType, answer.StatusCode);
        await NoProviderWasCalledAsync(gateway);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("Bearer")]
    [InlineData("Bearer wrong")]
    [InlineData("Bearer a-token-for-tests-onlyx")]
    [InlineData("Basic a-token-for-tests-only")]
    public async Task A_missing_or_wrong_token_is_a_401(string? authorization)
    {
        await using var gateway = new GatewayHost();
        foreach (var (method, path) in new[] { (HttpMethod.Post, "/v1/chat/completions"), (HttpMethod.Get, "/v1/models"), (HttpMethod.Get, "/providers") })
        {
            using var request = new HttpRequestMessage(method, path);
            if (authorization is not null)
            {
                request.Headers.TryAddWithoutValidation("Authorization", authorization);
            }

            using var answer = await gateway.Anonymous.SendAsync(request, TestContext.Current.CancellationToken);

            Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
            Assert.Equal("invalid_api_key", (await answer.JsonAsync()).Text("error", "code"));
            Assert.Equal(new AuthenticationHeaderValue("Bearer"), answer.Headers.WwwAuthenticate.Single());
        }
    }

    [Theory]
    [InlineData(200, "api-key: T")]
    [InlineData(200, "x-api-key: T")]
    [InlineData(200, "Authorization: Bearer T", "x-api-key: another")]
    [InlineData(401, "api-key: Tx")]
    [InlineData(401, "api-key: Bearer T")]
    [InlineData(401, "api-key: T", "x-api-key: T")]
    [InlineData(401, "Authorization: Bearer another", "x-api-key: T")]
    [InlineData(401, "api-key: T", "api-key: T")]
    [InlineData(401, "x-api-key: ")]
    public async Task The_token_may_come_as_an_API_key(int status, params string[] headers)
    {
        await using var gateway = new GatewayHost();
        using var socket = new TcpClient();
        await socket.ConnectAsync(gateway.Address.Host, gateway.Address.Port, Token);
        var lines = string.Concat(headers.Select(header => header.Replace("T", GatewayHost.Token, StringComparison.Ordinal) + "\r\n"));

        await socket.GetStream().WriteAsync(Encoding.ASCII.GetBytes($"GET /v1/models HTTP/1.1\r\nHost: x\r\n{lines}Connection: close\r\n\r\n"), Token);

        using var reader = new StreamReader(socket.GetStream());
        Assert.StartsWith($"HTTP/1.1 {status} ", await reader.ReadLineAsync(Token), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Models_are_the_routes_a_caller_can_ask_for()
    {
        await using var gateway = new GatewayHost(("Gateway:Routes:fast:Candidates:0", "groq"));

        using var answer = await gateway.Http.GetAsync(new Uri("/v1/models", UriKind.Relative), TestContext.Current.CancellationToken);

        var names = (await answer.JsonAsync()).GetProperty("data").EnumerateArray().Select(model => model.Text("id")).ToArray();
        Assert.Contains("auto", names);
        Assert.Contains("fast", names);
        Assert.Contains("gemini-2.5-flash", names);
    }

    [Theory]
    [InlineData("auto", 200)]
    [InlineData("openai/org/model", 200)]
    [InlineData("openai%2Fm", 200)]
    [InlineData("nothing", 404)]
    public async Task One_model_can_be_looked_up(string id, int status)
    {
        await using var gateway = new GatewayHost();

        using var answer = await gateway.Http.GetAsync(new Uri($"/v1/models/{id}", UriKind.Relative), TestContext.Current.CancellationToken);

        Assert.Equal(status, (int)answer.StatusCode);
        Assert.Equal(status == 200 ? Uri.UnescapeDataString(id) : "model_not_found", (await answer.JsonAsync()) is var body && status == 200 ? body.Text("id") : body.Text("error", "code"));
    }

    [Theory]
    [InlineData("groq/llama-x", "groq", "llama-x")]
    [InlineData("openai/org/model", "openai", "org/model")]
    [InlineData("fast", "groq", "llama-3.3-70b-versatile")]
    [InlineData("gpt-4.1-mini", "openai", "gpt-4.1-mini")]
    [InlineData("auto", "gemini", "gemini-2.5-flash")]
    public async Task A_model_name_leads_to_its_provider(string model, string provider, string asked)
    {
        await using var gateway = new GatewayHost(("Gateway:Routes:fast:Candidates:0", "groq"));

        using var answer = await gateway.AskAsync("hello", model);

        Assert.Equal(provider, answer.Header("x-masterx-provider"));
        Assert.Equal(asked, (await answer.JsonAsync()).Text("model"));
    }

    private static async Task NoProviderWasCalledAsync(GatewayHost gateway)
    {
        foreach (var provider in new[] { "gemini", "groq", "openai" })
        {
            Assert.Equal(0, await gateway.Emulator.CallsAsync(provider));
        }
    }
}
