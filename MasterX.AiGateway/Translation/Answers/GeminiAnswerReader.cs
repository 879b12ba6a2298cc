using System.Text.Json;
using MasterX.AiGateway.Providers.Classification;
using MasterX.AiGateway.Streaming;
using MasterX.AiGateway.Telemetry;
using MasterX.AiGateway.Translation.Vocabulary;

namespace MasterX.AiGateway.Translation.Answers;

/// <summary>
/// Reads a Gemini <c>GenerateContentResponse</c> (<see href="https://ai.google.dev/api/generate-content#v1beta.GenerateContentResponse"/>): the
/// whole answer is one, and so is each event of a stream, which has no end mark and ends after the finish reason.
/// </summary>
internal sealed class GeminiAnswerReader(AnswerSink sink) : AnswerReader(sink)
{
    private readonly HashSet<int> _called = [];
    private readonly HashSet<string> _ids = new(StringComparer.Ordinal);

    public override bool ReadWhole(JsonElement answer)
    {
        if (!answer.Elements("candidates").Any(IsSaid))
        {
            return false;
        }

        Read(answer);
        return true;
    }

    public override FrameKind ReadEvent(JsonElement data)
    {
        if (data.ValueKind != JsonValueKind.Object)
        {
            return FrameKind.Unparseable;
        }

        if (data.TryGetProperty("error", out _))
        {
            return FrameKind.Error;
        }

        JsonElement[] candidates = [.. data.Elements("candidates")];
        if (candidates.Length == 0)
        {
            ReadHead(data);
            return data.Field("promptFeedback")?.Text("blockReason") is null ? FrameKind.Lifecycle : FrameKind.Error;
        }

        if (Array.TrueForAll(candidates, IsGivenUp))
        {
            return FrameKind.Error;
        }

        return Read(data) ? FrameKind.Content : FrameKind.Lifecycle;
    }

    /// <summary>Whether a candidate says something, or ended for a reason that a caller is told.</summary>
    private static bool IsSaid(JsonElement candidate) =>
        candidate.ValueKind == JsonValueKind.Object
        && candidate.Text("finishReason") is var reason
        && !GeminiRows.IsGivenUp(reason)
        && (reason is not (null or "STOP") || candidate.Field("content") is { } content && content.Elements("parts").Any(IsSomething));

    /// <summary>A part that is more than an empty text or a thought.</summary>
    private static bool IsSomething(JsonElement part) =>
        part.ValueKind == JsonValueKind.Object && !part.IsTrue("thought")
        && (!part.TryGetProperty("text", out var text) || text.ValueKind == JsonValueKind.String && text.GetRawText().Length > 2);

    /// <summary>
    /// Ended by the model's failing; or with nothing said, but for an answer that may have been whole when another provider broke it off.
    /// </summary>
    private bool IsGivenUp(JsonElement candidate)
    {
        var reason = candidate.Text("finishReason");
        return GeminiRows.IsGivenUp(reason) || (reason == "STOP" && !Sink.Said && !IsSaid(candidate));
    }

    private void ReadHead(JsonElement answer)
    {
        Sink.Begin(answer.Text("responseId"), answer.Text("modelVersion"));
        if (answer.Field("usageMetadata") is { ValueKind: JsonValueKind.Object } usage)
        {
            Sink.Count(UsageOf(usage, answer.Text("modelVersion")));
        }
    }

    /// <summary>
    /// Tokens as Gemini counts them (<see href="https://ai.google.dev/api/generate-content#UsageMetadata"/>): thinking is apart from the
    /// candidates' tokens, and what a tool added from the prompt's. A document's pages are images to it, as the model sees them.
    /// </summary>
    private static TokenUsage UsageOf(JsonElement usage, string? model)
    {
        var (tool, thoughts) = (usage.Count("toolUsePromptTokenCount"), usage.Count("thoughtsTokenCount"));
        var input = usage.Count("promptTokenCount") + tool;
        return new TokenUsage(input, usage.Count("candidatesTokenCount") + thoughts, Math.Min(input, usage.Count("cachedContentTokenCount")), Reasoning: thoughts)
        {
            AudioInput = Modality(usage, "promptTokensDetails", "AUDIO") + Modality(usage, "toolUsePromptTokensDetails", "AUDIO"),
            CachedAudioInput = Modality(usage, "cacheTokensDetails", "AUDIO"),
            AudioOutput = Modality(usage, "candidatesTokensDetails", "AUDIO"),
            ImageInput = Modality(usage, "promptTokensDetails", "IMAGE") + Modality(usage, "promptTokensDetails", "DOCUMENT") + Modality(usage, "toolUsePromptTokensDetails", "IMAGE"),
            CachedImageInput = Modality(usage, "cacheTokensDetails", "IMAGE") + Modality(usage, "cacheTokensDetails", "DOCUMENT"),
            ImageOutput = Modality(usage, "candidatesTokensDetails", "IMAGE"),
            Tier = (usage.Text("trafficType") ?? usage.Text("serviceTier")) switch
            {
                "ON_DEMAND_PRIORITY" or "priority" or "PRIORITY" => ServiceTier.Priority,
                "ON_DEMAND_FLEX" or "flex" or "FLEX" => ServiceTier.Flex,
                _ => ServiceTier.Standard,
            },
            Model = model,
        };
    }

    private static int Modality(JsonElement usage, string details, string modality)
    {
        var count = 0;
        foreach (var detail in usage.Elements(details))
        {
            if (detail.Text("modality") == modality)
            {
                count = Math.Max(count, detail.Count("tokenCount"));
            }
        }

        return count;
    }

    /// <returns>Whether anything came of it.</returns>
    private bool Read(JsonElement answer)
    {
        ReadHead(answer);
        var (content, place) = (false, 0);
        foreach (var candidate in answer.Elements("candidates"))
        {
            var index = candidate.Field("index") is { ValueKind: JsonValueKind.Number } given && given.TryGetInt32(out var number) && number is >= 0 and < 128 ? number : place;
            place++;
            content |= ReadCandidate(candidate, index);
        }

        return content;
    }

    private bool ReadCandidate(JsonElement candidate, int index)
    {
        var content = false;
        if (candidate.Field("content") is { } turn)
        {
            foreach (var part in turn.Elements("parts"))
            {
                content |= ReadPart(part, index);
            }
        }

        if (candidate.Field("avgLogprobs") is { ValueKind: JsonValueKind.Number } average && average.TryGetDouble(out var mean) && double.IsFinite(mean))
        {
            Sink.AverageLogProb(index, mean);
        }

        if (candidate.Field("logprobsResult") is { } probabilities)
        {
            GeminiLogProbs.Tell(Sink, index, probabilities);
        }

        foreach (var chunk in candidate.Field("groundingMetadata") is { } grounding ? grounding.Elements("groundingChunks") : [])
        {
            if (chunk.Field("web")?.Text("uri") is { Length: > 0 } url)
            {
                Sink.Citation(index, url, chunk.Field("web")?.Text("title"));
            }
        }

        if (candidate.Text("finishReason") is { } reason)
        {
            content = true;

            // One that was given up beside others that were not is not whole, and says so.
            Sink.Finish(index, GeminiRows.IsGivenUp(reason) ? StopReason.ContentFilter : ReasonOf(reason, _called.Contains(index)));
        }

        return content;
    }

    private bool ReadPart(JsonElement part, int index)
    {
        if (part.ValueKind != JsonValueKind.Object)
        {
            return false;
        }

        var signature = part.Text("thoughtSignature") is { Length: > 0 } value ? new Signature(Signature.Gemini, value) : null;
        if (part.Field("functionCall") is { } call)
        {
            _called.Add(index);
            var id = call.Text("id") is { Length: > 0 } given && _ids.Add(given) ? given : "call_" + Guid.NewGuid().ToString("N")[..24];
            Sink.Call(index, id, call.Text("name") ?? "", signature);
            Sink.Arguments(index, call.Field("args")?.GetRawText() ?? "{}");
            return true;
        }

        if (part.Field("inlineData") is { } data && data.Text("data") is { Length: > 0 } bytes && !part.IsTrue("thought"))
        {
            Sink.Media(index, new Media(data.Text("mimeType"), bytes.AsMemory()));
            Sign(index, signature);
            return true;
        }

        if (part.Field("fileData")?.Text("fileUri") is { Length: > 0 } address)
        {
            Sink.Media(index, new Media(part.Field("fileData")?.Text("mimeType"), Url: address));
            return true;
        }

        var text = part.Piece("text") ?? CodeOf(part);
        if (part.IsTrue("thought"))
        {
            Sink.Thinking(index, text);
        }
        else
        {
            Sink.Text(index, text);
        }

        Sign(index, signature);
        return text is { Length: > 0 };
    }

    /// <summary>What the model ran itself, as text: no other format has a part for it.</summary>
    private static string? CodeOf(JsonElement part) =>
        part.Field("executableCode")?.Text("code") is { } code ? $"\n```\n{code}\n```\n"
        : part.Field("codeExecutionResult")?.Text("output") is { } output ? $"\n```\n{output}\n```\n"
        : null;

    private void Sign(int index, Signature? signature)
    {
        if (signature is not null)
        {
            Sink.Sign(index, signature);
        }
    }

    private static StopReason ReasonOf(string reason, bool called) => reason switch
    {
        "MAX_TOKENS" => StopReason.MaxTokens,
        "SAFETY" or "RECITATION" or "BLOCKLIST" or "PROHIBITED_CONTENT" or "SPII" or "LANGUAGE" or "IMAGE_SAFETY" or "IMAGE_PROHIBITED_CONTENT" or "IMAGE_RECITATION" => StopReason.ContentFilter,
        _ => called ? StopReason.ToolCalls : StopReason.End,
    };
}
