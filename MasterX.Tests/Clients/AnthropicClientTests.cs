using Anthropic;
using Anthropic.Exceptions;
using Anthropic.Models.Messages;
using MasterX.Tests.Hosts;
using Microsoft.Extensions.AI;

namespace MasterX.Tests.Clients;

/// <summary>Anthropic's own .NET client, and Microsoft.Extensions.AI on top of it, with nothing changed but the address and the key.</summary>
public sealed class AnthropicClientTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("anthropic/claude-sonnet-4-5")]
    [InlineData("gemini/gemini-3-pro")]
    [InlineData("openai/m")]
    public async Task A_message_whole_and_streamed(string model)
    {
        await using var gateway = new GatewayHost();
        using var client = ClientOf(gateway);
        var request = new MessageCreateParams { Model = model, MaxTokens = 1000, Messages = [new UserMessageParam { Content = "hello" }] };

        var message = await client.Messages.Create(request, Token);
        var text = "";
        await foreach (var part in client.Messages.CreateStreaming(request, Token))
        {
            if (part.TryPickContentBlockDelta(out var delta) && delta.Delta.TryPickText(out var piece))
            {
                text += piece.Text;
            }
        }

        Assert.True(message.Content[0].TryPickText(out var block));
        Assert.Contains("hello", block!.Text, StringComparison.Ordinal);
        Assert.Equal(block.Text, text);
        Assert.True(message.Usage.OutputTokens > 0);
    }

    [Theory]
    [InlineData("anthropic/claude-sonnet-4-5")]
    [InlineData("gemini/gemini-3-pro")]
    [InlineData("openai/m")]
    public async Task A_loop_of_function_calls_by_the_common_abstraction(string model)
    {
        await using var gateway = new GatewayHost();
        using var anthropic = ClientOf(gateway);
        List<string> asked = [];
        using var client = anthropic.AsIChatClient(model, 1000).AsBuilder().UseFunctionInvocation().Build();
        var options = new ChatOptions { Tools = [AIFunctionFactory.Create((string city) => { asked.Add(city); return "sunny"; }, "weather", "Tells the weather")] };

        var answer = await client.GetResponseAsync("hello", options, Token);
        var streamed = await client.GetStreamingResponseAsync("hello", options, Token).ToChatResponseAsync(Token);

        Assert.Equal(["emulated", "emulated"], asked);
        Assert.NotEmpty(answer.Text);
        Assert.NotEmpty(streamed.Text);
    }

    [Fact]
    public async Task Errors_are_the_clients_own()
    {
        await using var gateway = new GatewayHost();
        using var client = ClientOf(gateway);

        var unknown = await Assert.ThrowsAsync<AnthropicNotFoundException>(() => client.Messages.Create(
            new() { Model = "no-such-model", MaxTokens = 10, Messages = [new UserMessageParam { Content = "hello" }] }, Token));

        Assert.Contains("no-such-model", unknown.Message, StringComparison.Ordinal);
    }

    private static AnthropicClient ClientOf(GatewayHost gateway) => new() { BaseUrl = gateway.Address.ToString(), ApiKey = GatewayHost.Token, MaxRetries = 0 };
}
