using System.Diagnostics;
using System.Text.Json;
using MasterX.AiGateway.Requests;

namespace MasterX.AiGateway.Telemetry;

/// <summary>
/// What a span learns of a streamed answer from its events, in the caller's format: who answered and how it ended, and, where content is
/// captured, the answer itself, put
/// together of its pieces. It holds no more than <see cref="BoundedJsonArray.MostCharacters"/>. Only a stream that is traced has one.
/// </summary>
/// <param name="isOpenAi">Whether the provider is OpenAI itself.</param>
/// <param name="capturesText">Whether what is said is captured.</param>
internal abstract class GenAiStreamContent(bool isOpenAi, bool capturesText)
{
    private bool _failed;

    /// <summary>Whether every event has to be shown to it, and not only those that say more than a piece of text.</summary>
    public bool CapturesText { get; } = capturesText;

    /// <summary>Whether the provider is OpenAI itself.</summary>
    protected bool IsOpenAi { get; } = isOpenAi;

    public static GenAiStreamContent Of(Operation operation, bool isOpenAi, bool capturesText) =>
        operation == Operation.Responses ? new GenAiResponsesStream(isOpenAi, capturesText)
        : operation == Operation.Messages ? new GenAiMessagesStream(isOpenAi, capturesText)
        : new GenAiChatStream(isOpenAi, capturesText);

    /// <summary>Takes in an event. Whatever is in it, nothing is thrown: the stream is the caller's, and telemetry only looks on.</summary>
    public void Read(Activity activity, ReadOnlySpan<byte> data)
    {
        if (_failed)
        {
            return;
        }

        try
        {
            var reader = new Utf8JsonReader(data);
            using var document = JsonDocument.ParseValue(ref reader);
            Read(activity, document.RootElement);
        }
        catch (Exception unreadable) when (unreadable is JsonException or InvalidOperationException or ArgumentException)
        {
            // What was put together so far may lack a piece from here on: it is kept, and says so.
            _failed = true;
            activity.SetTag(GenAiSpan.NotCaptured, unreadable.GetType().Name);
        }
    }

    /// <summary>Describes how the stream ended, or broke off.</summary>
    public abstract void DescribeEnd(Activity activity);

    protected abstract void Read(Activity activity, JsonElement data);
}
