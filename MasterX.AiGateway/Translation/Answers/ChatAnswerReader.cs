using System.Runtime.InteropServices;
using System.Text.Json;
using MasterX.AiGateway.Providers;
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
    private string? _model;
    private ServiceTier _tier;
    private readonly HashSet<string> _callIds = new(StringComparer.Ordinal);

    public override bool ReadWhole(JsonElement answer)
    {
        if (answer.Field("choices") is not { ValueKind: JsonValueKind.Array } choices || choices.GetArrayLength() == 0
            || answer.Field("error") is not null || choices.EnumerateArray().Any(choice => choice.Text("finish_reason") == "error"))
        {
            return false;
        }

        Read(answer, "message");
        End();
        return true;
    }

    public override void End()
    {
        foreach (var (index, state) in _choices)
        {
            state.Calls.End();
            Finish(index, state);
        }

        base.End();
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
        (_model, _tier) = (answer.Text("model") ?? _model, TierOf(answer) ?? _tier);
        if ((answer.Field("usage") ?? answer.Field("x_groq")?.Field("usage")) is { ValueKind: JsonValueKind.Object } usage)
        {
            Count(usage);
        }

        var content = false;
        foreach (var choice in answer.Elements("choices"))
        {
            var index = choice.Field("index") is { ValueKind: JsonValueKind.Number } given && given.TryGetInt32(out var number) && number is >= 0 and < 128 ? number : 0;
            if (!_choices.TryGetValue(index, out var state))
            {
                _choices[index] = state = new ChoiceState(new ChatCalls(Sink, index, _callIds));
            }

            if ((choice.Field(part) ?? choice.Field(part == "delta" ? "message" : "delta")) is { } said)
            {
                content |= ReadSaid(said, index, state);
            }

            if (choice.Field("usage") is { ValueKind: JsonValueKind.Object } counted)
            {
                Count(counted);
            }

            if (choice.Field("logprobs")?.Field("content") is { ValueKind: JsonValueKind.Array } probabilities)
            {
                Sink.LogProbs(index, probabilities.Compact());
            }

            if (choice.Text("finish_reason") is { Length: > 0 } reason)
            {
                state.Calls.End();
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
        if (said.Field("reasoning_details") is not { ValueKind: JsonValueKind.Array } details || !ReadDetails(details, index, state, ref content))
        {
            content |= ReadThought(said, index, state);
        }

        if (said.Piece("content") is { Length: > 0 } text)
        {
            content = true;
            state.Calls.Tell(() => Sink.Text(index, text));
        }

        foreach (var part in said.Elements("content"))
        {
            // Some give parts, as requests do.
            content = true;
            var (isThought, words) = (part.Text("type") == "thinking", part.Text("text") ?? ThoughtOf(part));
            state.Calls.Tell(() => Say(index, isThought, words));
        }

        if (said.Piece("refusal") is { Length: > 0 } refusal)
        {
            content = true;
            state.IsRefused = true;
            state.Calls.Tell(() => Sink.Refusal(index, refusal));
        }

        foreach (var note in said.Elements("annotations"))
        {
            if (note.Field("url_citation") is { } citation && citation.Text("url") is { } url)
            {
                Sink.Citation(index, url, citation.Text("title"));
            }
        }

        foreach (var call in said.Elements("tool_calls"))
        {
            content = true;
            state.Calls.Add(call);
        }

        if (said.Field("function_call") is { } legacy)
        {
            content = true;
            state.Calls.AddLegacy(legacy);
        }

        if (said.Field("audio") is { } sound && sound.Text("data") is { Length: > 0 } bytes)
        {
            content = true;
            state.Calls.Tell(() => Sink.Media(index, new Media("audio/wav", bytes.AsMemory())));
        }

        foreach (var image in said.Elements("images"))
        {
            if (image.Field("image_url")?.Text("url") is { } url)
            {
                content = true;
                var media = Requests.MediaReading.IsUnreadable(url) ? new Media(null, Url: url) : Requests.MediaReading.OfUrl(url, "images");
                state.Calls.Tell(() => Sink.Media(index, media));
            }
        }

        return content;
    }

    /// <summary>A thought in a field of its own, as a text.</summary>
    private bool ReadThought(JsonElement said, int index, ChoiceState state)
    {
        var field = ThoughtField.ReasoningContent;
        var thought = said.Piece("reasoning_content");
        if (string.IsNullOrEmpty(thought))
        {
            (field, thought) = (ThoughtField.Reasoning, said.Piece("reasoning"));
        }

        if (string.IsNullOrEmpty(thought))
        {
            return false;
        }

        Sink.Seen?.See(field);
        state.Calls.Tell(() => Sink.Thinking(index, thought));
        return true;
    }

    /// <summary>
    /// OpenRouter's thoughts with their signatures (<see href="https://openrouter.ai/docs/use-cases/reasoning-tokens"/>). Their words stand in
    /// <c>reasoning</c> too.
    /// </summary>
    /// <returns>Whether there were words in them.</returns>
    private bool ReadDetails(JsonElement details, int index, ChoiceState state, ref bool content)
    {
        var hasWords = false;
        foreach (var detail in details.EnumerateArray())
        {
            Sink.Seen?.See(ThoughtField.ReasoningDetails);
            var (format, id) = (detail.Text("format"), detail.Text("id"));
            if (detail.Text("type") == "reasoning.encrypted")
            {
                if (detail.Text("data") is { Length: > 0 } data)
                {
                    content = true;
                    state.Calls.Tell(() => Sink.HiddenThinking(index, Signature.OfDetail(format, id, data)));
                }

                continue;
            }

            if ((detail.Piece("text") ?? detail.Piece("summary")) is { Length: > 0 } words)
            {
                content = hasWords = true;
                state.Calls.Tell(() => Sink.Thinking(index, words));
            }

            if (detail.Text("signature") is { Length: > 0 } signature)
            {
                state.Calls.Tell(() => Sink.Sign(index, Signature.OfDetail(format, id, signature)));
            }
        }

        return hasWords;
    }

    /// <summary>Mistral's parts of type <c>thinking</c> have parts of their own.</summary>
    private static string? ThoughtOf(JsonElement part) =>
        part.Text("thinking") ?? string.Concat(part.Elements("thinking").Select(one => one.Text("text")));

    private void Say(int choice, bool isThought, string? words)
    {
        if (isThought)
        {
            Sink.Thinking(choice, words);
        }
        else
        {
            Sink.Text(choice, words);
        }
    }

    private void Finish(int index, ChoiceState state) => Sink.Finish(index, state.Reason switch
    {
        "length" => StopReason.MaxTokens,
        "tool_calls" or "function_call" => StopReason.ToolCalls,
        "content_filter" => StopReason.ContentFilter,
        _ when state.IsRefused => StopReason.Refusal,
        _ when state.Calls.Any => StopReason.ToolCalls,
        _ => StopReason.End,
    });

    private static ServiceTier? TierOf(JsonElement answer) => answer.Text("service_tier") switch
    {
        null => null,
        "flex" => ServiceTier.Flex,
        "priority" => ServiceTier.Priority,
        "fast" => ServiceTier.Fast,
        _ => ServiceTier.Standard,
    };

    private void Count(JsonElement usage)
    {
        var json = new Utf8JsonReader(JsonMarshal.GetRawUtf8Value(usage));
        json.Read();
        if (AnswerScan.ReadUsage(ref json) is { } counted)
        {
            Sink.Count(counted with { Tier = _tier, Model = _model });
        }
    }

    private sealed class ChoiceState(ChatCalls calls)
    {
        public ChatCalls Calls { get; } = calls;

        public string? Reason { get; set; }

        public bool IsRefused { get; set; }
    }
}
