using System.Runtime.InteropServices;
using System.Text.Json;
using MasterX.AiGateway.Streaming;
using MasterX.AiGateway.Telemetry;
using MasterX.AiGateway.Translation.Vocabulary;

namespace MasterX.AiGateway.Translation.Answers;

/// <summary>
/// Reads a chat completion (<see href="https://platform.openai.com/docs/api-reference/chat/object"/>), or the chunks of a streamed one: for
/// callers who speak another format than a provider that is compatible with OpenAI's.
/// </summary>
internal sealed class ChatAnswerReader(AnswerSink sink) : AnswerReader(sink)
{
    private readonly Dictionary<int, ChoiceState> _choices = [];

    public override bool ReadWhole(JsonElement answer)
    {
        if (answer.Field("choices") is not { ValueKind: JsonValueKind.Array } choices || choices.GetArrayLength() == 0
            || answer.Field("error") is not null || choices.EnumerateArray().Any(choice => choice.Text("finish_reason") == "error"))
        {
            return false;
        }

        Read(answer, "message");
        foreach (var (index, state) in _choices)
        {
            state.EndCall(Sink, index);
            Finish(index, state);
        }

        return true;
    }

    public override FrameKind ReadEvent(JsonElement data)
    {
        if (data.ValueKind != JsonValueKind.Object)
        {
            return FrameKind.Unparseable;
        }

        if (data.Field("error") is not null || data.Elements("choices").Any(choice => choice.Text("finish_reason") == "error"))
        {
            return FrameKind.Error;
        }

        return Read(data, "delta") ? FrameKind.Content : FrameKind.Lifecycle;
    }

    private bool Read(JsonElement answer, string part)
    {
        Sink.Begin(answer.Text("id"), answer.Text("model"));
        if ((answer.Field("usage") ?? answer.Field("x_groq")?.Field("usage")) is { ValueKind: JsonValueKind.Object } usage)
        {
            Sink.Count(UsageOf(usage));
        }

        var content = false;
        foreach (var choice in answer.Elements("choices"))
        {
            var index = choice.Field("index") is { ValueKind: JsonValueKind.Number } given && given.TryGetInt32(out var number) && number is >= 0 and < 128 ? number : 0;
            if (!_choices.TryGetValue(index, out var state))
            {
                _choices[index] = state = new ChoiceState();
            }

            if ((choice.Field(part) ?? choice.Field(part == "delta" ? "message" : "delta")) is { } said)
            {
                content |= ReadSaid(said, index, state);
            }

            if (choice.Field("logprobs")?.Field("content") is { ValueKind: JsonValueKind.Array } probabilities)
            {
                Sink.LogProbs(index, JsonMarshal.GetRawUtf8Value(probabilities));
            }

            if (choice.Text("finish_reason") is { Length: > 0 } reason)
            {
                state.EndCall(Sink, index);
                state.Reason = reason;
                if (part == "delta")
                {
                    Finish(index, state);
                }

                content = true;
            }
        }

        return content;
    }

    private bool ReadSaid(JsonElement said, int index, ChoiceState state)
    {
        var content = false;
        if ((said.Piece("reasoning_content") ?? said.Piece("reasoning")) is { Length: > 0 } thought)
        {
            content = true;
            Sink.Thinking(index, thought);
        }

        if (said.Piece("content") is { Length: > 0 } text)
        {
            content = true;
            state.EndCall(Sink, index);
            Sink.Text(index, text);
        }

        foreach (var part in said.Elements("content"))
        {
            // Some give parts, as requests do.
            content = true;
            Sink.Text(index, part.Text("text"));
        }

        if (said.Piece("refusal") is { Length: > 0 } refusal)
        {
            content = true;
            state.IsRefused = true;
            Sink.Refusal(index, refusal);
        }

        foreach (var note in said.Elements("annotations"))
        {
            if (note.Field("url_citation") is { } citation && citation.Text("url") is { } url)
            {
                Sink.Citation(index, url, citation.Text("title"));
            }
        }

        var place = 0;
        foreach (var call in said.Elements("tool_calls"))
        {
            var at = call.Field("index") is { ValueKind: JsonValueKind.Number } given && given.TryGetInt32(out var number) ? number : place;
            place++;
            content = true;
            state.Add(Sink, index, at, call);
        }

        if (said.Field("function_call") is { } legacy)
        {
            content = true;
            state.Add(Sink, index, 0, legacy.Text("name"), null, legacy.Piece("arguments"), null);
        }

        return content;
    }

    private void Finish(int index, ChoiceState state) => Sink.Finish(index, state.Reason switch
    {
        "length" => StopReason.MaxTokens,
        "tool_calls" or "function_call" => StopReason.ToolCalls,
        "content_filter" => StopReason.ContentFilter,
        _ when state.IsRefused => StopReason.Refusal,
        _ when state.HasCalls => StopReason.ToolCalls,
        _ => StopReason.End,
    });

    private static TokenUsage UsageOf(JsonElement usage)
    {
        var (input, output) = (usage.Count("prompt_tokens"), usage.Count("completion_tokens"));
        return new TokenUsage(
            input, output, Math.Min(input, usage.Field("prompt_tokens_details")?.Count("cached_tokens") ?? 0),
            Reasoning: Math.Min(output, usage.Field("completion_tokens_details")?.Count("reasoning_tokens") ?? 0));
    }

    /// <summary>
    /// One choice's calls. A sink is told of one call after the other: pieces of a call that is not the open one wait until it has ended,
    /// as few providers write several at once.
    /// </summary>
    private sealed class ChoiceState
    {
        private readonly SortedDictionary<int, PendingCall> _waiting = [];
        private int? _open;
        private bool _hasArguments;

        public string? Reason { get; set; }

        public bool IsRefused { get; set; }

        public bool HasCalls { get; private set; }

        public void Add(AnswerSink sink, int choice, int at, JsonElement call)
        {
            var function = call.Field("function") ?? call.Field("custom") ?? default;
            var signature = call.Field("extra_content")?.Field("google")?.Text("thought_signature") is { Length: > 0 } value ? new Signature(Signature.Gemini, value) : null;
            var arguments = function.ValueKind != JsonValueKind.Object ? null
                : function.Field("arguments") is { ValueKind: JsonValueKind.Object } written ? written.GetRawText()
                : function.Piece("arguments") ?? function.Piece("input");
            Add(sink, choice, at, function.ValueKind == JsonValueKind.Object ? function.Text("name") : null, call.Text("id"), arguments, signature);
        }

        public void Add(AnswerSink sink, int choice, int at, string? name, string? id, string? arguments, Signature? signature)
        {
            HasCalls = true;
            if (_open is { } open && open != at)
            {
                if (_waiting.Count == 0 && name is { Length: > 0 } && at > open)
                {
                    // The next one begins: the one before is at its end.
                    EndCall(sink, choice);
                }
                else
                {
                    if (!_waiting.TryGetValue(at, out var pending))
                    {
                        _waiting[at] = pending = new PendingCall();
                    }

                    pending.Name ??= name;
                    pending.Id ??= id;
                    pending.Signature ??= signature;
                    pending.Arguments.Append(arguments);
                    return;
                }
            }

            if (_open is null)
            {
                _open = at;
                _hasArguments = false;
                sink.Call(choice, id is { Length: > 0 } ? id : "call_" + Guid.NewGuid().ToString("N")[..24], name ?? "", signature);
            }

            _hasArguments |= !string.IsNullOrEmpty(arguments);
            sink.Arguments(choice, arguments);
        }

        public void EndCall(AnswerSink sink, int choice)
        {
            if (_open is null)
            {
                return;
            }

            if (!_hasArguments)
            {
                sink.Arguments(choice, "{}");
            }

            _open = null;
            foreach (var pending in _waiting.Values)
            {
                sink.Call(choice, pending.Id is { Length: > 0 } id ? id : "call_" + Guid.NewGuid().ToString("N")[..24], pending.Name ?? "", pending.Signature);
                sink.Arguments(choice, pending.Arguments.Length > 0 ? pending.Arguments.ToString() : "{}");
            }

            _waiting.Clear();
        }
    }

    private sealed class PendingCall
    {
        public string? Name { get; set; }

        public string? Id { get; set; }

        public Signature? Signature { get; set; }

        public System.Text.StringBuilder Arguments { get; } = new();
    }
}
