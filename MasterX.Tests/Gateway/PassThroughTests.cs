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

    private static string Write(string request, ProviderOptions options)
    {
        Assert.True(ModelRequest.TryParse(Operation.Chat, PoisoningPool.Buffer(request), out var parsed, out var problem, out _), problem);
        using var body = parsed;
        using var provider = new Provider("p", options, TimeProvider.System);
        using var scratch = new PooledBuffer(256);
        return Encoding.UTF8.GetString(OpenAiWireFormat.Instance.WriteRequest(parsed!, provider.CandidateOf("m-1"), scratch, out _).Span);
    }
}
