using System.Text;
using System.Text.Json;
using MasterX.AiGateway.Translation.Vocabulary;

namespace MasterX.AiGateway.Translation.Answers;

/// <summary>Writes a chat completion (<see href="https://platform.openai.com/docs/api-reference/chat/object"/>).</summary>
/// <param name="model">What was asked for, until the provider says better.</param>
/// <param name="created">Seconds since 1970.</param>
internal sealed class ChatCompletionWriter(string model, long created) : WholeAnswerWriter
{
    private readonly SortedDictionary<int, Choice> _choices = [];
    private string? _id;
    private string _model = model;

    public override void Begin(string? id, string? model) => (_id, _model) = (id ?? _id, model ?? _model);

    public override void Citation(int choice, string url, string? title) => Of(choice).Citations.Add((url, title));

    public override void LogProbs(int choice, ReadOnlySpan<byte> content)
    {
        // Arrays behind one another become one.
        var kept = Of(choice).LogProbs;
        kept.Append(kept.Length > 0 ? "," : "").Append(Encoding.UTF8.GetString(content.Trim((byte)' ')[1..^1]));
    }

    public override void AverageLogProb(int choice, double value) => Of(choice).AverageLogProb = value;

    protected override void WriteText(int choice, string text) => (Of(choice).Text ??= new()).Append(text);

    protected override void WriteThinking(int choice, string text)
    {
        var said = Of(choice);
        if (said.Thoughts is not [.., { Text: not null, Signature: null }])
        {
            said.Thoughts.Add(new Thought { Text = new() });
        }

        said.Thoughts[^1].Text!.Append(text);
    }

    protected override void WriteSignature(int choice, Signature signature)
    {
        var said = Of(choice);
        if (signature.Family == Signature.Gemini)
        {
            said.Signature = signature;
        }
        else if (said.Thoughts is [.., { Signature: null } last])
        {
            last.Signature = signature;
        }
        else
        {
            said.Thoughts.Add(new Thought { Text = new(), Signature = signature });
        }
    }

    protected override void WriteHiddenThinking(int choice, Signature signature) => Of(choice).Thoughts.Add(new Thought { Signature = signature });

    protected override void WriteRefusal(int choice, string text) => (Of(choice).Refusal ??= new()).Append(text);

    protected override void WriteCall(int choice, AnswerCall call) => Of(choice).Calls.Add(new ToolCall(call));

    protected override void WriteArguments(int choice, string text) => Of(choice).Calls[^1].Arguments.Append(text);

    protected override void WriteMedia(int choice, Media media) => Of(choice).Media.Add(media);

    protected override void WriteFinish(int choice, StopReason reason, string? sequence) => Of(choice).Reason = reason;

    public override void Write(Utf8JsonWriter json)
    {
        var id = ChatFormat.IdOf(_id);
        json.WriteStartObject();
        json.WriteString("id", id);
        json.WriteString("object", "chat.completion");
        json.WriteNumber("created", created);
        json.WriteString("model", _model);
        json.WriteStartArray("choices");
        foreach (var (index, choice) in _choices)
        {
            json.WriteStartObject();
            json.WriteNumber("index", index);
            choice.WriteMessage(id, Tools.IsLegacy, json);
            choice.WriteLogProbs(json);
            json.WriteString("finish_reason", ChatFormat.FinishReason(choice.Reason, choice.Refusal is not null, Tools.IsLegacy));
            json.WriteEndObject();
        }

        json.WriteEndArray();
        if (Usage is { } usage)
        {
            ChatFormat.WriteUsage(usage, json);
        }

        json.WriteEndObject();
    }

    private Choice Of(int choice)
    {
        if (!_choices.TryGetValue(choice, out var found))
        {
            _choices[choice] = found = new Choice();
        }

        return found;
    }

    private sealed class Thought
    {
        public StringBuilder? Text { get; init; }

        public Signature? Signature { get; set; }
    }

    private sealed record ToolCall(AnswerCall Called)
    {
        public StringBuilder Arguments { get; } = new();
    }

    private sealed class Choice
    {
        public StringBuilder? Text { get; set; }

        public StringBuilder? Refusal { get; set; }

        public List<Thought> Thoughts { get; } = [];

        public List<ToolCall> Calls { get; } = [];

        public List<Media> Media { get; } = [];

        public List<(string Url, string? Title)> Citations { get; } = [];

        public StringBuilder LogProbs { get; } = new();

        public double? AverageLogProb { get; set; }

        /// <summary>Gemini's, on the text.</summary>
        public Signature? Signature { get; set; }

        public StopReason Reason { get; set; }

        public void WriteMessage(string id, bool isLegacy, Utf8JsonWriter json)
        {
            json.WriteStartObject("message");
            json.WriteString("role", "assistant");
            json.WriteString("content", Text?.ToString() ?? (Calls.Count > 0 || Refusal is not null ? null : ""));
            json.WriteString("refusal", Refusal?.ToString());
            WriteThoughts(json);
            if (!isLegacy)
            {
                WriteCalls(json);
            }
            else if (Calls is [var call, ..])
            {
                // That format has one; what else the model wants it calls next.
                ChatFormat.WriteLegacyCall(call.Called.Tool.Name, call.Arguments.ToString(), json);
            }

            Array(json, "images", [.. Media.Where(media => !ChatFormat.IsSound(media))], static (image, index, json) => ChatFormat.WriteImage(image, index, json));
            if (Media.Find(ChatFormat.IsSound) is { } sound)
            {
                ChatFormat.WriteSound(sound, id, json);
            }

            Array(json, "annotations", Citations, static (citation, _, json) => ChatFormat.WriteCitation(citation.Url, citation.Title, json));
            if (Signature is { } signature)
            {
                ChatFormat.WriteGoogleSignature(signature, json);
            }

            json.WriteEndObject();
        }

        public void WriteLogProbs(Utf8JsonWriter json)
        {
            if (LogProbs.Length == 0)
            {
                json.WriteNull("logprobs");
            }
            else
            {
                json.WriteStartObject("logprobs");
                json.WritePropertyName("content");
                json.WriteRawValue($"[{LogProbs}]", skipInputValidation: true);
                json.WriteNull("refusal");
                json.WriteEndObject();
            }

            if (AverageLogProb is { } average)
            {
                json.WriteNumber("avg_logprobs", average);
            }
        }

        private void WriteThoughts(Utf8JsonWriter json)
        {
            if (Thoughts.Exists(thought => thought.Text is { Length: > 0 }))
            {
                json.WriteString("reasoning_content", string.Concat(Thoughts.Select(thought => thought.Text?.ToString())));
            }

            Array(
                json, "reasoning_details", Thoughts.Exists(thought => thought.Signature is not null) ? Thoughts : [],
                static (thought, index, json) => ChatFormat.WriteThought(thought.Text?.ToString(), thought.Signature, index, json));
        }

        private void WriteCalls(Utf8JsonWriter json) => Array(json, "tool_calls", Calls, static (call, _, json) =>
        {
            json.WriteStartObject();
            ChatFormat.WriteCall(call.Called, call.Arguments.ToString(), json);
            json.WriteEndObject();
        });

        /// <summary>An array, unless it were empty.</summary>
        private static void Array<T>(Utf8JsonWriter json, string name, List<T> elements, Action<T, int, Utf8JsonWriter> write)
        {
            if (elements.Count == 0)
            {
                return;
            }

            json.WriteStartArray(name);
            for (var at = 0; at < elements.Count; at++)
            {
                write(elements[at], at, json);
            }

            json.WriteEndArray();
        }
    }
}
