using System.Buffers;
using System.Text;
using System.Text.Json;
using MasterX.AiGateway.Translation.Vocabulary;

namespace MasterX.AiGateway.Translation.Answers;

/// <summary>Writes the chunks of a streamed chat completion (<see href="https://platform.openai.com/docs/api-reference/chat/streaming"/>).</summary>
/// <param name="model">What was asked for, until the provider says better.</param>
/// <param name="created">Seconds since 1970.</param>
/// <param name="wantsUsage">Whether the caller asked for a chunk with the usage.</param>
internal sealed class ChatChunkWriter(string model, long created, bool wantsUsage) : AnswerStreamWriter
{
    private Dictionary<int, Choice> _choices = [];
    private string? _id;
    private string _model = model;
    private int _images;

    /// <summary>For a stream that has begun already, with one choice.</summary>
    /// <param name="wantsUsage">Whether the caller asked for a chunk with the usage.</param>
    public static ChatChunkWriter GoingOn(bool wantsUsage)
    {
        var writer = new ChatChunkWriter("", DateTimeOffset.UtcNow.ToUnixTimeSeconds(), wantsUsage);
        writer._choices[0] = new Choice();
        return writer;
    }

    /// <summary>A thought of which no signature came has none.</summary>
    public override AnswerStreamWriter Fork()
    {
        var fork = (ChatChunkWriter)base.Fork();
        fork._choices = _choices.ToDictionary(choice => choice.Key, choice => choice.Value.WithoutThought());
        return fork;
    }

    public override void Begin(string? id, string? model) => (_id, _model) = (_id ?? (id is null ? null : ChatFormat.IdOf(id)), model ?? _model);

    public override void Citation(int choice, string url, string? title)
    {
        var (json, _) = BeginDelta(choice);
        json.WriteStartArray("annotations");
        ChatFormat.WriteCitation(url, title, json);
        json.WriteEndArray();
        EndDelta();
    }

    public override void LogProbs(int choice, ReadOnlySpan<byte> content)
    {
        var (json, _) = BeginDelta(choice);
        json.WriteEndObject();
        json.WriteStartObject("logprobs");
        json.WritePropertyName("content");
        json.WriteRawValue(content, skipInputValidation: true);
        json.WriteNull("refusal");
        json.WriteEndObject();
        EndChoice(json, null);
    }

    public override void Complete()
    {
        if (!wantsUsage || Usage is not { } usage)
        {
            return;
        }

        var json = BeginChunk();
        json.WriteStartArray("choices");
        json.WriteEndArray();
        ChatFormat.WriteUsage(usage, json);
        EndEvent();
    }

    public override void WriteEnd() => Output.Write("data: [DONE]\n\n"u8);

    protected override void WriteText(int choice, string text)
    {
        var (json, _) = BeginDelta(choice);
        json.WriteString("content", text);
        EndDelta();
    }

    protected override void WriteThinking(int choice, string text)
    {
        var (json, state) = BeginDelta(choice);
        (state.Thought ??= new()).Append(text);
        json.WriteString("reasoning_content", text);
        EndDelta();
    }

    protected override void WriteSignature(int choice, Signature signature)
    {
        var (json, state) = BeginDelta(choice);
        if (signature.Family == Signature.Gemini)
        {
            ChatFormat.WriteGoogleSignature(signature, json);
        }
        else
        {
            WriteThought(json, state, state.Thought?.ToString() ?? "", signature);
            state.Thought = null;
        }

        EndDelta();
    }

    protected override void WriteHiddenThinking(int choice, Signature signature)
    {
        var (json, state) = BeginDelta(choice);
        WriteThought(json, state, null, signature);
        EndDelta();
    }

    protected override void WriteRefusal(int choice, string text)
    {
        var (json, state) = BeginDelta(choice);
        state.IsRefused = true;
        json.WriteString("refusal", text);
        EndDelta();
    }

    protected override void WriteCall(int choice, AnswerCall call)
    {
        if (Tools.IsLegacy && _choices.GetValueOrDefault(choice)?.Calls > 0)
        {
            // That format has one call; what else the model wants it calls next.
            _choices[choice].Calls++;
            return;
        }

        var (json, state) = BeginDelta(choice);
        if (Tools.IsLegacy)
        {
            state.Calls++;
            ChatFormat.WriteLegacyCall(call.Tool.Name, "", json);
            EndDelta();
            return;
        }

        json.WriteStartArray("tool_calls");
        json.WriteStartObject();
        json.WriteNumber("index", state.Calls++);
        state.IsFreeform = call.Tool.Shape == ToolShape.Freeform;
        ChatFormat.WriteCall(call, "", json);
        json.WriteEndObject();
        json.WriteEndArray();
        EndDelta();
    }

    protected override void WriteArguments(int choice, string text)
    {
        if (Tools.IsLegacy && _choices[choice].Calls > 1)
        {
            return;
        }

        var (json, state) = BeginDelta(choice);
        if (Tools.IsLegacy)
        {
            ChatFormat.WriteLegacyCall(null, text, json);
            EndDelta();
            return;
        }

        json.WriteStartArray("tool_calls");
        json.WriteStartObject();
        json.WriteNumber("index", state.Calls - 1);
        json.WriteStartObject(state.IsFreeform ? "custom" : "function");
        json.WriteString(state.IsFreeform ? "input" : "arguments", text);
        json.WriteEndObject();
        json.WriteEndObject();
        json.WriteEndArray();
        EndDelta();
    }

    protected override void WriteMedia(int choice, Media media)
    {
        var (json, _) = BeginDelta(choice);
        if (ChatFormat.IsSound(media))
        {
            ChatFormat.WriteSound(media, _id!, json);
        }
        else
        {
            json.WriteStartArray("images");
            ChatFormat.WriteImage(media, _images++, json);
            json.WriteEndArray();
        }

        EndDelta();
    }

    protected override void WriteFinish(int choice, StopReason reason, string? sequence)
    {
        var (json, state) = BeginDelta(choice);
        json.WriteEndObject();
        json.WriteNull("logprobs");
        EndChoice(json, ChatFormat.FinishReason(reason, state.IsRefused, Tools.IsLegacy));
    }

    private static void WriteThought(Utf8JsonWriter json, Choice state, string? text, Signature signature)
    {
        json.WriteStartArray("reasoning_details");
        ChatFormat.WriteThought(text, signature, state.Thoughts++, json);
        json.WriteEndArray();
    }

    private Utf8JsonWriter BeginChunk()
    {
        var json = BeginEvent();
        json.WriteString("id", _id ??= NewId("chatcmpl-"));
        json.WriteString("object", "chat.completion.chunk");
        json.WriteNumber("created", created);
        json.WriteString("model", _model);
        return json;
    }

    private (Utf8JsonWriter Json, Choice State) BeginDelta(int choice)
    {
        var json = BeginChunk();
        json.WriteStartArray("choices");
        json.WriteStartObject();
        json.WriteNumber("index", choice);
        json.WriteStartObject("delta");
        if (!_choices.TryGetValue(choice, out var state))
        {
            _choices[choice] = state = new Choice();
            json.WriteString("role", "assistant");
        }

        return (json, state);
    }

    private void EndDelta()
    {
        Json.WriteEndObject();
        Json.WriteNull("logprobs");
        EndChoice(Json, null);
    }

    private void EndChoice(Utf8JsonWriter json, string? reason)
    {
        json.WriteString("finish_reason", reason);
        json.WriteEndObject();
        json.WriteEndArray();
        EndEvent();
    }

    private sealed class Choice
    {
        public int Calls { get; set; }

        /// <summary>Whether the call that came last is one of a freeform tool.</summary>
        public bool IsFreeform { get; set; }

        public int Thoughts { get; set; }

        public bool IsRefused { get; set; }

        /// <summary>The thought so far, for when its signature comes.</summary>
        public StringBuilder? Thought { get; set; }

        public Choice WithoutThought()
        {
            var copy = (Choice)MemberwiseClone();
            copy.Thought = null;
            return copy;
        }
    }
}
