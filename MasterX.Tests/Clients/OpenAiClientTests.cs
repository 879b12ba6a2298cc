using System.ClientModel;
using System.ClientModel.Primitives;
using System.ComponentModel;
using System.Text.Json;
using MasterX.Tests.Hosts;
using Microsoft.Extensions.AI;
using OpenAI;
using OpenAI.Chat;
using ChatFinishReason = OpenAI.Chat.ChatFinishReason;
using ChatMessage = OpenAI.Chat.ChatMessage;
using ChatResponseFormat = OpenAI.Chat.ChatResponseFormat;

namespace MasterX.Tests.Clients;

/// <summary>OpenAI's own .NET client, and Microsoft.Extensions.AI on top of it, with nothing changed but the address and the key.</summary>
public sealed class OpenAiClientTests
{
    private static readonly ChatTool Weather = ChatTool.CreateFunctionTool(
        "weather", "Tells the weather", BinaryData.FromString("""{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}"""));

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("openai/m")]
    [InlineData("gemini/m")]
    public async Task A_completion(string model)
    {
        await using var gateway = new GatewayHost();

        ChatCompletion completion = await Client(gateway, model).CompleteChatAsync([ChatMessage.CreateUserMessage("hello")], cancellationToken: Token);

        Assert.Contains("hello", completion.Content[0].Text, StringComparison.Ordinal);
        Assert.Equal(ChatFinishReason.Stop, completion.FinishReason);
        Assert.True(completion.Usage.OutputTokenCount > 0);
    }

    [Theory]
    [InlineData("openai/m")]
    [InlineData("gemini/m")]
    public async Task A_stream(string model)
    {
        await using var gateway = new GatewayHost();
        var text = "";
        ChatTokenUsage? usage = null;
        ChatFinishReason? finish = null;

        await foreach (var update in Client(gateway, model).CompleteChatStreamingAsync([ChatMessage.CreateUserMessage("hello")], cancellationToken: Token))
        {
            text += string.Concat(update.ContentUpdate.Select(part => part.Text));
            usage = update.Usage ?? usage;
            finish = update.FinishReason ?? finish;
        }

        Assert.Contains("hello", text, StringComparison.Ordinal);
        Assert.Equal(ChatFinishReason.Stop, finish);
        Assert.True(usage!.OutputTokenCount > 0);
    }

    [Theory]
    [InlineData("openai/m")]
    [InlineData("gemini/m")]
    public async Task A_tool_is_called_and_its_result_answered(string model)
    {
        await using var gateway = new GatewayHost();
        var client = Client(gateway, model);
        var options = new ChatCompletionOptions { Tools = { Weather } };
        List<ChatMessage> messages = [ChatMessage.CreateUserMessage("Weather in Bern?")];

        ChatCompletion call = await client.CompleteChatAsync(messages, options, Token);
        messages.Add(ChatMessage.CreateAssistantMessage(call));
        messages.Add(ChatMessage.CreateToolMessage(call.ToolCalls[0].Id, """{"celsius":5}"""));
        ChatCompletion answer = await client.CompleteChatAsync(messages, options, Token);

        Assert.Equal(ChatFinishReason.ToolCalls, call.FinishReason);
        Assert.Equal("emulated", JsonElement.Parse(call.ToolCalls[0].FunctionArguments).GetProperty("city").GetString());
        Assert.Equal(ChatFinishReason.Stop, answer.FinishReason);
    }

    [Theory]
    [InlineData("openai/m")]
    [InlineData("gemini/m")]
    public async Task An_answer_that_fits_a_JSON_schema(string model)
    {
        await using var gateway = new GatewayHost();
        var format = ChatResponseFormat.CreateJsonSchemaFormat("city", BinaryData.FromString("""{"type":"object","properties":{"name":{"type":"string"},"people":{"type":"integer"}},"required":["name","people"],"additionalProperties":false}"""));

        ChatCompletion completion = await Client(gateway, model).CompleteChatAsync([ChatMessage.CreateUserMessage("A city")], new() { ResponseFormat = format }, Token);

        Assert.Equal(1, JsonElement.Parse(completion.Content[0].Text).GetProperty("people").GetInt32());
    }

    [Fact]
    public async Task Errors_are_the_clients_own()
    {
        await using var gateway = new GatewayHost();

        var unknown = await Assert.ThrowsAsync<ClientResultException>(() => Client(gateway, "no-such-model").CompleteChatAsync([ChatMessage.CreateUserMessage("hello")], cancellationToken: Token));
        var refused = await Assert.ThrowsAsync<ClientResultException>(() => Client(gateway, "openai/m", "wrong").CompleteChatAsync([ChatMessage.CreateUserMessage("hello")], cancellationToken: Token));

        Assert.Equal((404, 401), (unknown.Status, refused.Status));
        Assert.Contains("no-such-model", unknown.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("openai/m")]
    [InlineData("gemini/m")]
    public async Task Microsoft_Extensions_AI_calls_functions_and_streams(string model)
    {
        await using var gateway = new GatewayHost();
        var called = 0;
        [Description("Tells the weather")]
        string Tell(string city)
        {
            called++;
            return $"Rain in {city}";
        }

        using var client = Client(gateway, model).AsIChatClient().AsBuilder().UseFunctionInvocation().Build();
        var options = new ChatOptions { Tools = [AIFunctionFactory.Create(Tell, "weather")] };

        var answer = await client.GetResponseAsync("Weather in Bern?", options, Token);
        var streamed = "";
        await foreach (var update in client.GetStreamingResponseAsync("Weather in Bern?", options, Token))
        {
            streamed += update.Text;
        }

        Assert.Equal(2, called);
        Assert.NotEmpty(answer.Text);
        Assert.NotEmpty(streamed);
    }

    private static ChatClient Client(GatewayHost gateway, string model, string key = GatewayHost.Token) => new(
        model, new ApiKeyCredential(key), new OpenAIClientOptions { Endpoint = new Uri(gateway.Address, "/v1"), RetryPolicy = new ClientRetryPolicy(0) });
}
