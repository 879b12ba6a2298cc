using System.Net.Http.Json;
using MasterX.Tests.Hosts;

namespace MasterX.Tests.Gateway;

/// <summary>Embeddings and responses, which go to OpenAI-compatible providers with everything that chat completions have.</summary>
public sealed class OperationTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Embeddings_come_from_the_provider_with_their_cost()
    {
        await using var gateway = new GatewayHost(("Gateway:Prices:text-embedding-3-small:Input", "0.02"));

        using var answer = await PostAsync(gateway, "embeddings", new { model = "text-embedding-3-small", input = new[] { "one", "two" } });

        var body = await answer.JsonAsync();
        Assert.Equal(2, body.GetProperty("data").GetArrayLength());
        Assert.Equal(("openai", "text-embedding-3-small"), (answer.Header("x-masterx-provider"), answer.Header("x-masterx-model")));
        Assert.Equal(body.Text("usage", "prompt_tokens"), answer.Header("x-masterx-tokens-in"));
        Assert.Equal("0", answer.Header("x-masterx-tokens-out"));
        Assert.NotNull(answer.Header("x-masterx-cost-usd"));
    }

    [Fact]
    public async Task Embeddings_fail_over_as_chats_do()
    {
        await using var gateway = new GatewayHost(("Gateway:Routes:vectors:Candidates:0", "groq/e"), ("Gateway:Routes:vectors:Candidates:1", "openai/e"));
        await gateway.Emulator.BreakAsync("groq", new { status = 503 });

        using var answer = await PostAsync(gateway, "embeddings", new { model = "vectors", input = "one" });

        Assert.Equal(("200", "openai", "2"), (((int)answer.StatusCode).ToString(System.Globalization.CultureInfo.InvariantCulture), answer.Header("x-masterx-provider"), answer.Header("x-masterx-attempts")));
    }

    [Theory]
    [InlineData("""{"input":"one"}""", "model")]
    [InlineData("""{"model":"openai/e"}""", "input")]
    [InlineData("""{"model":"openai/e","input":""}""", "input")]
    [InlineData("""{"model":"openai/e","input":[]}""", "input")]
    [InlineData("""{"model":"openai/e","input":7}""", "input")]
    public async Task A_bad_request_for_embeddings_is_a_400_that_names_the_field(string body, string field)
    {
        await using var gateway = new GatewayHost();

        using var answer = await gateway.Http.PostAsync(new Uri("/v1/embeddings", UriKind.Relative), new StringContent(body, System.Text.Encoding.UTF8, "application/json"), Token);

        Assert.Equal(400, (int)answer.StatusCode);
        Assert.Equal(field, (await answer.JsonAsync()).Text("error", "param"));
        Assert.Equal(0, await gateway.Emulator.CallsAsync("openai"));
    }

    [Fact]
    public async Task A_provider_without_the_operation_says_so_and_is_not_called()
    {
        await using var gateway = new GatewayHost();

        using var answer = await PostAsync(gateway, "embeddings", new { model = "anthropic/m", input = "hello" });

        Assert.Equal(400, (int)answer.StatusCode);
        Assert.Equal("unsupported_operation", (await answer.JsonAsync()).Text("error", "code"));
        Assert.Equal(0, await gateway.Emulator.CallsAsync("anthropic"));
    }

    [Theory]
    [InlineData("gemini/m")]
    [InlineData("anthropic/m")]
    [InlineData("openai/m")]
    public async Task Every_kind_of_provider_gives_responses(string model)
    {
        await using var gateway = new GatewayHost();

        using var answer = await PostAsync(gateway, "responses", new { model, input = "hello" });

        var body = await answer.JsonAsync();
        Assert.Equal(model.Split('/')[0], answer.Header("x-masterx-provider"));
        Assert.Equal(("response", "completed"), (body.Text("object"), body.Text("status")));
        Assert.Contains("hello", body.Text("output", "0", "content", "0", "text"), StringComparison.Ordinal);
        Assert.Equal(body.Text("usage", "output_tokens"), answer.Header("x-masterx-tokens-out"));
    }

    [Fact]
    public async Task A_streamed_response_has_its_events_by_name_and_ends_with_the_whole()
    {
        await using var gateway = new GatewayHost();

        using var answer = await PostAsync(gateway, "responses", new { model = "openai/m", input = "hello", stream = true });

        var text = await answer.Content.ReadAsStringAsync(Token);
        Assert.StartsWith("event: response.created\ndata: {", text, StringComparison.Ordinal);
        Assert.Contains("event: response.output_text.delta\n", text, StringComparison.Ordinal);
        Assert.Matches("\n\nevent: response.completed\ndata: .*\n\n$", text);
        Assert.DoesNotContain("[DONE]", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_streamed_response_that_fails_before_content_moves_on()
    {
        await using var gateway = new GatewayHost(("Gateway:Routes:r:Candidates:0", "groq/m"), ("Gateway:Routes:r:Candidates:1", "openai/m"));
        await gateway.Emulator.BreakAsync("groq", new { cut_after = 2 });

        using var answer = await PostAsync(gateway, "responses", new { model = "r", input = "hello", stream = true });

        var text = await answer.Content.ReadAsStringAsync(Token);
        Assert.Equal("openai", answer.Header("x-masterx-provider"));
        Assert.Single(System.Text.RegularExpressions.Regex.Matches(text, "event: response.created\n"));
    }

    [Fact]
    public async Task A_streamed_response_that_breaks_off_ends_with_an_error_event()
    {
        await using var gateway = new GatewayHost();
        await gateway.Emulator.BreakAsync("openai", new { cut_after = 6, trickle_ms = 30 });

        using var answer = await PostAsync(gateway, "responses", new { model = "openai/m", input = "hello", stream = true });

        var text = await answer.Content.ReadAsStringAsync(Token);
        Assert.Matches("event: error\ndata: \\{\"type\":\"error\",\"code\":\"stream_interrupted\".*\n\n$", text);
        Assert.DoesNotContain("response.completed", text, StringComparison.Ordinal);
    }

    private static Task<HttpResponseMessage> PostAsync(GatewayHost gateway, string path, object body) => gateway.Http.PostAsJsonAsync($"/v1/{path}", body, Token);
}
