using System.Text.Json;
using MasterX.AiGateway.Translation.Vocabulary;

namespace MasterX.AiGateway.Translation.Answers;

/// <summary>Writes a response of OpenAI's API (<see href="https://platform.openai.com/docs/api-reference/responses/object"/>).</summary>
/// <param name="items">Receive what comes.</param>
internal sealed class ResponseWriter(ResponseItems items) : WholeAnswerWriter
{
    /// <summary>The format has one.</summary>
    protected override bool Takes(int choice) => choice == 0;

    public override void Begin(string? id, string? model) => items.Begin(id, model);

    public override void Citation(int choice, string url, string? title)
    {
        if (items.Items is [.., { Type: "message" } message])
        {
            message.Cite(url, title);
        }
    }

    public override void LogProbs(int choice, ReadOnlySpan<byte> content)
    {
        if (items.Items is [.., { Type: "message" } message])
        {
            message.AddLogProbs(content);
        }
    }

    protected override void WriteText(int choice, string text) => Message(isRefusal: false).Append(text);

    protected override void WriteThinking(int choice, string text) => Thought().Append(text);

    protected override void WriteSignature(int choice, Signature signature)
    {
        var told = signature.Behind(items.Items is [.., { Type: "message" }]);
        Thought().Signature = told;
    }

    protected override void WriteHiddenThinking(int choice, Signature signature) => items.Add(ResponseItem.Thought()).Signature = signature;

    protected override void WriteRefusal(int choice, string text) => Message(isRefusal: true).Append(text);

    protected override void WriteCall(int choice, AnswerCall call)
    {
        if (call.Signature is { } signature)
        {
            Thought().Signature = signature;
        }

        items.Add(ResponseItem.Call(call));
    }

    protected override void WriteArguments(int choice, string text) => items.Items[^1].Append(text);

    protected override void WriteMedia(int choice, Media media)
    {
        if (media.Base64.IsEmpty)
        {
            Message(isRefusal: false).Append(MessageFormat.TextOf(media));
        }
        else
        {
            items.Add(ResponseItem.Image(media));
        }
    }

    protected override void WriteFinish(int choice, StopReason reason, string? sequence) => items.Reason = reason;

    public override void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        items.Write(json, isOver: true, Usage);
        json.WriteEndObject();
    }

    private ResponseItem Message(bool isRefusal) =>
        items.Items is [.., { Type: "message" } last] && last.IsRefusal == isRefusal ? last : items.Add(ResponseItem.Message(isRefusal));

    private ResponseItem Thought() => items.Items is [.., { Type: "reasoning", Signature: null } last] ? last : items.Add(ResponseItem.Thought());
}
