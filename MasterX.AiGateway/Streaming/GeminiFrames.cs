using System.Buffers;
using System.Text.Json;
using MasterX.AiGateway.Chat;
using MasterX.AiGateway.Providers;

namespace MasterX.AiGateway.Streaming;

/// <summary>
/// Events of Gemini's <c>streamGenerateContent?alt=sse</c> (<see href="https://ai.google.dev/api/generate-content#method:-models.streamgeneratecontent"/>),
/// each a whole <c>GenerateContentResponse</c>, as OpenAI's chunks. Gemini has no end mark: the stream ends after the event with the finish reason.
/// </summary>
internal sealed class GeminiFrames(string model) : StreamFrames
{
    private readonly string _id = $"chatcmpl-{Guid.NewGuid():N}";
    private readonly long _created = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
    private string _model = model;
    private bool _roleWritten;
    private int _calls;

    /// <summary>Whether the caller asked for a chunk with the usage.</summary>
    public required bool CallerWantsUsage { get; init; }

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
            if (GeminiAnswer.Text(root, "modelVersion") is { } version)
            {
                _model = version;
            }

            return ReadCandidates(root, output);
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            return FrameKind.Unparseable;
        }
    }

    public override void Complete(PooledBuffer output)
    {
        if (!CallerWantsUsage || Usage is not { } usage)
        {
            return;
        }

        WriteChunk(output, json =>
        {
            json.WriteStartArray("choices");
            json.WriteEndArray();
            json.WriteStartObject("usage");
            json.WriteNumber("prompt_tokens", usage.Input);
            json.WriteNumber("completion_tokens", usage.Output);
            json.WriteNumber("total_tokens", usage.Input + usage.Output);
            json.WriteEndObject();
        });
    }

    private FrameKind ReadCandidates(JsonElement root, PooledBuffer output)
    {
        if (!root.TryGetProperty("candidates", out var candidates) || candidates.ValueKind != JsonValueKind.Array || candidates.GetArrayLength() == 0)
        {
            if (GeminiAnswer.BlockReason(root) is null)
            {
                return FrameKind.Lifecycle;
            }

            Finished = true;
            WriteDelta(output, 0, static _ => { }, "content_filter");
            return FrameKind.Content;
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

        if (GeminiAnswer.Text(candidate, "finishReason") is { } reason)
        {
            Finished = true;
            content = true;
            WriteDelta(output, index, static _ => { }, GeminiAnswer.FinishReason(reason, _calls > 0));
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

        if (GeminiAnswer.Text(part, "text") is not { Length: > 0 } text)
        {
            return false;
        }

        Characters += text.Length;
        Partial?.Append(text);
        WriteDelta(output, index, json => json.WriteString("content", text), null);
        return true;
    }

    private void WriteDelta(PooledBuffer output, int index, Action<Utf8JsonWriter> delta, string? finish) => WriteChunk(output, json =>
    {
        json.WriteStartArray("choices");
        json.WriteStartObject();
        json.WriteNumber("index", index);
        json.WriteStartObject("delta");
        if (!_roleWritten && !Continuing)
        {
            json.WriteString("role", "assistant");
        }

        _roleWritten = true;
        delta(json);
        json.WriteEndObject();
        json.WriteNull("logprobs");
        json.WriteString("finish_reason", finish);
        json.WriteEndObject();
        json.WriteEndArray();
    });

    private void WriteChunk(PooledBuffer output, Action<Utf8JsonWriter> rest)
    {
        output.Write("data: "u8);
        using (var json = new Utf8JsonWriter(output))
        {
            json.WriteStartObject();
            json.WriteString("id", _id);
            json.WriteString("object", "chat.completion.chunk");
            json.WriteNumber("created", _created);
            json.WriteString("model", _model);
            rest(json);
            json.WriteEndObject();
        }

        output.Write("\n\n"u8);
    }
}
