using System.Text.Json;
using MasterX.AiGateway.Requests;
using static MasterX.AiGateway.Providers.ChatFields;
using MasterX.AiGateway.Providers;
using MasterX.AiGateway.Providers.Classification;

namespace MasterX.AiGateway.Streaming;

/// <summary>
/// Events of Gemini's <c>streamGenerateContent?alt=sse</c> (<see href="https://ai.google.dev/api/generate-content#method:-models.streamgeneratecontent"/>),
/// each a whole <c>GenerateContentResponse</c>, as OpenAI's chunks. Gemini has no end mark: the stream ends after the event with the finish reason.
/// </summary>
internal sealed class GeminiFrames(string model) : TranslatedFrames(model)
{
    private int _calls;

    public override FrameKind Read(ReadOnlySpan<byte> data, PooledBuffer output)
    {
        try
        {
            var reader = new Utf8JsonReader(data);
            using var document = JsonDocument.ParseValue(ref reader);
            var root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object)
            {
                return FrameKind.Unparseable;
            }

            if (root.TryGetProperty("error", out _))
            {
                return FrameKind.Error;
            }

            Usage = GeminiAnswer.ReadUsage(root) ?? Usage;
            if (Text(root, "modelVersion") is { } version)
            {
                Model = version;
            }

            return ReadCandidates(root, output);
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            return FrameKind.Unparseable;
        }
    }

    private FrameKind ReadCandidates(JsonElement root, PooledBuffer output)
    {
        if (!root.TryGetProperty("candidates", out var candidates) || candidates.ValueKind != JsonValueKind.Array || candidates.GetArrayLength() == 0)
        {
            return GeminiAnswer.BlockReason(root) is null ? FrameKind.Lifecycle : FrameKind.Error;
        }

        if (candidates.EnumerateArray().All(IsGivenUp))
        {
            return FrameKind.Error;
        }

        var kind = FrameKind.Lifecycle;
        var place = 0;
        foreach (var candidate in candidates.EnumerateArray())
        {
            var index = candidate.TryGetProperty("index", out var given) && given.TryGetInt32(out var number) ? number : place;
            if (index > 0)
            {
                Partial?.Forbid();
            }

            place++;
            if (ReadCandidate(candidate, index, output))
            {
                kind = FrameKind.Content;
            }
        }

        return kind;
    }

    /// <summary>
    /// Ended by the model's failing; or with nothing said, but for an answer that may have been whole when another provider broke it off.
    /// </summary>
    private bool IsGivenUp(JsonElement candidate)
    {
        var reason = Text(candidate, "finishReason");
        return GeminiRows.IsGivenUp(reason)
            || reason == "STOP" && Characters == 0 && _calls == 0 && !Continuing && !GeminiAnswer.IsSaid(candidate);
    }

    private bool ReadCandidate(JsonElement candidate, int index, PooledBuffer output)
    {
        var content = false;
        if (candidate.TryGetProperty("content", out var turn) && turn.ValueKind == JsonValueKind.Object
            && turn.TryGetProperty("parts", out var parts) && parts.ValueKind == JsonValueKind.Array)
        {
            foreach (var part in parts.EnumerateArray())
            {
                content |= ReadPart(part, index, output);
            }
        }

        if (Text(candidate, "finishReason") is { } reason)
        {
            content = true;
            Finish(output, index, GeminiAnswer.FinishReason(reason, _calls > 0));
        }

        return content;
    }

    private bool ReadPart(JsonElement part, int index, PooledBuffer output)
    {
        if (GeminiAnswer.IsThought(part))
        {
            return false;
        }

        if (part.TryGetProperty("functionCall", out var call))
        {
            Partial?.Forbid();
            var place = _calls++;
            WriteDelta(
                output, index,
                json =>
                {
                    json.WriteStartArray("tool_calls");
                    json.WriteStartObject();
                    json.WriteNumber("index", place);
                    GeminiAnswer.WriteToolCall(call, json);
                    json.WriteEndObject();
                    json.WriteEndArray();
                },
                null);
            return true;
        }

        if (Text(part, "text") is not { Length: > 0 } text)
        {
            return false;
        }

        Characters += text.Length;
        Partial?.Append(text);
        WriteDelta(output, index, json => json.WriteString("content", text), null);
        return true;
    }
}
