using System.Text.Json;
using MasterX.AiGateway.Streaming;
using MasterX.AiGateway.Telemetry;
using MasterX.AiGateway.Translation.Vocabulary;

namespace MasterX.AiGateway.Translation.Answers;

/// <summary>
/// Reads an answer of Bedrock's Converse (<see href="https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html"/>), or
/// the events of ConverseStream, each as <c>{"type":…}</c>: <c>messageStart</c>, then for each block <c>contentBlockStart</c> (of calls
/// alone), <c>contentBlockDelta</c>s and <c>contentBlockStop</c>, then <c>messageStop</c> with the reason, and <c>metadata</c> with the tokens.
/// </summary>
internal sealed class ConverseAnswerReader(AnswerSink sink) : AnswerReader(sink)
{
    /// <summary>Why an answer ends that the model could not bring to its end.</summary>
    public static readonly IReadOnlyList<string> GivenUp = ["malformed_model_output", "malformed_tool_use"];

    /// <summary>Of the call that is open: whether any arguments came.</summary>
    private bool _isCall, _hasArguments;

    public override bool ReadWhole(JsonElement answer)
    {
        if (answer.Field("output")?.Field("message") is not { } message || IsGivenUp(answer) || message.Field("content") is not { ValueKind: JsonValueKind.Array })
        {
            return false;
        }

        Sink.Begin(null, null);
        Count(answer);
        foreach (var block in message.Elements("content"))
        {
            ReadBlock(block);
        }

        Finish(answer);
        return true;
    }

    public override FrameKind ReadEvent(JsonElement data)
    {
        if (data.ValueKind != JsonValueKind.Object || data.EnumerateObject().FirstOrDefault() is not { Value.ValueKind: JsonValueKind.Object } said)
        {
            return FrameKind.Unparseable;
        }

        switch (said.Name)
        {
            case "messageStart":
                Sink.Begin(null, null);
                return FrameKind.Lifecycle;
            case "contentBlockStart":
                return said.Value.Field("start")?.Field("toolUse") is { } call && BeginCall(call) ? FrameKind.Content : FrameKind.Lifecycle;
            case "contentBlockDelta" when said.Value.Field("delta") is { } delta:
                return ReadDelta(delta) ? FrameKind.Content : FrameKind.Lifecycle;
            case "contentBlockStop":
                return EndCall() ? FrameKind.Content : FrameKind.Lifecycle;
            case "messageStop":
                return IsGivenUp(said.Value) ? FrameKind.Error : Finish(said.Value) ? FrameKind.Content : FrameKind.Lifecycle;
            case "metadata":
                // Nothing comes behind it.
                Count(said.Value);
                return Sink.Finished ? FrameKind.Done : FrameKind.Lifecycle;
            default:
                // What the API may yet add.
                return FrameKind.Lifecycle;
        }
    }

    private static bool IsGivenUp(JsonElement holder) => holder.Text("stopReason") is { } reason && GivenUp.Contains(reason);

    private void ReadBlock(JsonElement block)
    {
        Sink.Text(0, block.Piece("text"));
        if (block.Field("toolUse") is { } call)
        {
            BeginCall(call);
            Sink.Arguments(0, call.Field("input") is { ValueKind: JsonValueKind.Object } input ? input.GetRawText() : "{}");
            _isCall = false;
        }

        if (block.Field("reasoningContent") is { } thought)
        {
            Sink.Thinking(0, thought.Field("reasoningText")?.Piece("text"));
            Sign(thought.Field("reasoningText"));
            Hide(thought);
        }

        if (block.Field("image") is { } image && image.Field("source")?.Text("bytes") is { Length: > 0 } bytes)
        {
            Sink.Media(0, new Media($"image/{image.Text("format")}", bytes.AsMemory()));
        }

        if (block.Field("citationsContent") is { } cited)
        {
            foreach (var part in cited.Elements("content"))
            {
                Sink.Text(0, part.Piece("text"));
            }

            foreach (var citation in cited.Elements("citations"))
            {
                Cite(citation);
            }
        }
    }

    private bool ReadDelta(JsonElement delta)
    {
        if (delta.Piece("text") is { Length: > 0 } text)
        {
            Sink.Text(0, text);
            return true;
        }

        if (_isCall && delta.Field("toolUse")?.Piece("input") is { Length: > 0 } piece)
        {
            _hasArguments = true;
            Sink.Arguments(0, piece);
            return true;
        }

        if (delta.Field("reasoningContent") is { } thought)
        {
            Sink.Thinking(0, thought.Piece("text"));
            Sign(thought);
            return Hide(thought) || thought.Piece("text") is { Length: > 0 };
        }

        if (delta.Field("citation") is { } citation)
        {
            Cite(citation);
        }

        return false;
    }

    private bool BeginCall(JsonElement call)
    {
        EndCall();
        (_isCall, _hasArguments) = (true, false);
        Sink.Call(0, call.Text("toolUseId") is { Length: > 0 } id ? id : "call_" + Guid.NewGuid().ToString("N")[..24], call.Text("name") ?? "");
        return true;
    }

    /// <summary>A call of which no arguments came has none, which are <c>{}</c>.</summary>
    private bool EndCall()
    {
        var gives = _isCall && !_hasArguments;
        if (gives)
        {
            Sink.Arguments(0, "{}");
        }

        _isCall = false;
        return gives;
    }

    private void Sign(JsonElement? thought)
    {
        if (thought?.Text("signature") is { Length: > 0 } signature)
        {
            Sink.Sign(0, new Signature(Signature.Bedrock, signature));
        }
    }

    private bool Hide(JsonElement thought)
    {
        if (thought.Text("redactedContent") is not { Length: > 0 } hidden)
        {
            return false;
        }

        Sink.HiddenThinking(0, new Signature(Signature.Bedrock, hidden));
        return true;
    }

    private void Cite(JsonElement citation)
    {
        if (citation.Field("location")?.Field("web")?.Text("url") is { Length: > 0 } url)
        {
            Sink.Citation(0, url, citation.Text("title"));
        }
    }

    private bool Finish(JsonElement holder)
    {
        if (holder.Text("stopReason") is not { } reason)
        {
            return false;
        }

        EndCall();
        Sink.Finish(0, reason switch
        {
            "max_tokens" => StopReason.MaxTokens,
            "model_context_window_exceeded" => StopReason.ContextFull,
            "tool_use" => StopReason.ToolCalls,
            "stop_sequence" => StopReason.StopSequence,
            "guardrail_intervened" or "content_filtered" => StopReason.ContentFilter,
            _ => StopReason.End,
        });
        return true;
    }

    /// <summary>
    /// What was read from and written to the cache is counted apart from the input, but for a few models that count it there too; the total
    /// tells which (<see href="https://docs.aws.amazon.com/bedrock/latest/userguide/prompt-caching.html"/>). Here the input has all of it.
    /// </summary>
    private void Count(JsonElement holder)
    {
        if (holder.Field("usage") is not { ValueKind: JsonValueKind.Object } usage)
        {
            return;
        }

        var (input, output) = (usage.Count("inputTokens"), usage.Count("outputTokens"));
        var (read, written) = (usage.Count("cacheReadInputTokens"), usage.Count("cacheWriteInputTokens"));
        var isIncluded = usage.Count("totalTokens") == input + output && input >= read + written;
        var hour = usage.Elements("cacheDetails").Where(detail => detail.Text("ttl") == "1h").Select(detail => detail.Count("inputTokens")).FirstOrDefault();
        Sink.Count(new TokenUsage(isIncluded ? input : input + read + written, output, read, written)
        {
            CacheWriteHour = Math.Min(hour, written),
            Tier = holder.Field("serviceTier")?.Text("type") switch
            {
                "priority" => ServiceTier.Priority,
                "flex" => ServiceTier.Flex,
                _ => ServiceTier.Standard,
            },
        });
    }
}
