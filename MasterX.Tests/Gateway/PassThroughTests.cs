using System.Collections.Concurrent;
using System.Net.Http.Json;
using System.Text;
using MasterX.AiGateway.Requests;
using MasterX.AiGateway.Providers;
using MasterX.Tests.Hosts;

namespace MasterX.Tests.Gateway;

/// <summary>For providers that speak OpenAI's format the body passes byte for byte, but for the model and the fields they refuse.</summary>
public sealed class PassThroughTests
{
    [Theory]
    [InlineData("""{"model":"fast","messages":[{"role":"user","content":"é\u00e9 \"model\""}],"x_unknown":{"model":"inner"}}""", """{"model":"m-1","messages":[{"role":"user","content":"é\u00e9 \"model\""}],"x_unknown":{"model":"inner"}}""")]
    [InlineData("""{"messages":[{"role":"user","content":"x"}],  "model" : "fast" , "seed":1}""", """{"messages":[{"role":"user","content":"x"}],  "model" : "m-1" , "seed":1}""")]
    [InlineData("""  {"messages":[{"role":"user","content":"x"}]}""", """  {"model":"m-1","messages":[{"role":"user","content":"x"}]}""")]
    [InlineData("""{"model":null,"messages":[{"role":"user","content":"x"}]}""", """{"model":"m-1","messages":[{"role":"user","content":"x"}]}""")]
    public void Only_the_model_is_replaced(string request, string expected) => Assert.Equal(expected, Write(request, new ProviderOptions { BaseUrl = "http://127.0.0.1" }));

    [Fact]
    public void Fields_a_provider_refuses_are_left_out()
    {
        var options = new ProviderOptions { BaseUrl = "http://127.0.0.1" };
        options.DropFields.Add("logprobs");

        Assert.Equal(
            """{"model":"m-1","messages":[{"role":"user","content":"x"}],"temperature":0.10}""",
            Write("""{"messages":[{"role":"user","content":"x"}],"logprobs":true,"temperature":0.10,"model":"auto"}""", options));
    }

    [Theory]
    [InlineData(false, "application/json")]
    [InlineData(true, "text/event-stream, application/json")]
    public async Task A_provider_is_told_who_asks_and_for_what_and_nothing_of_the_caller(bool stream, string accept)
    {
        var told = new ConcurrentDictionary<string, string>();
        await using var provider = await ScriptedProvider.StartAsync(context =>
        {
            foreach (var (name, value) in context.Request.Headers)
            {
                told[name] = value.ToString();
            }

            return ScriptedProvider.JsonAsync(context, ScriptedProvider.Completion);
        });
        await using var gateway = new GatewayHost(("Gateway:Providers:seen:BaseUrl", provider.Url), ("Gateway:Providers:seen:ApiKey", "key-of-seen"));
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions")
        {
            Content = JsonContent.Create(new { model = "seen/m", stream, messages = new[] { new { role = "user", content = "hello" } } }),
            Headers = { { "x-api-key", GatewayHost.Token }, { "User-Agent", "caller" }, { "x-own", "caller" } },
        };

        using var answer = await gateway.Anonymous.SendAsync(request, TestContext.Current.CancellationToken);

        Assert.Equal(200, (int)answer.StatusCode);
        Assert.Matches(@"^MasterX/\d+\.\d+\.\d+$", told["User-Agent"]);
        Assert.Equal((accept, "Bearer key-of-seen"), (told["Accept"], told["Authorization"]));
        Assert.DoesNotContain(told, header => header.Key.Equals("x-own", StringComparison.OrdinalIgnoreCase) || header.Value.Contains(GatewayHost.Token, StringComparison.Ordinal));
    }

    private static string Write(string request, ProviderOptions options)
    {
        Assert.True(ModelRequest.TryParse(Operation.Chat, PoisoningPool.Buffer(request), out var parsed, out var problem, out _), problem);
        using var body = parsed;
        using var provider = new Provider("p", options, TimeProvider.System);
        using var scratch = new PooledBuffer(256);
        return Encoding.UTF8.GetString(OpenAiWireFormat.Instance.WriteRequest(parsed!, provider.CandidateOf("m-1"), scratch, out _).Span);
    }
}
