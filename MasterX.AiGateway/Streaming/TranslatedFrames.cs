using System.Buffers;
using System.Text.Json;
using MasterX.AiGateway.Requests;

namespace MasterX.AiGateway.Streaming;

/// <summary>Frames of another format than OpenAI's, written as OpenAI's chunks.</summary>
internal abstract class TranslatedFrames(string model) : StreamFrames
{
    private readonly string _id = $"chatcmpl-{Guid.NewGuid():N}";
    private readonly long _created = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
    private bool _roleWritten;

    /// <summary>Whether the caller asked for a chunk with the usage.</summary>
    public required bool CallerWantsUsage { get; init; }

    /// <summary>As the provider names it; what was asked for until it does.</summary>
    protected string Model { get; set; } = model;

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

    /// <summary>Writes the chunk with the finish reason.</summary>
    protected void Finish(PooledBuffer output, int index, string reason)
    {
        Finished = true;
        Incomplete |= IsIncomplete(reason);
        WriteDelta(output, index, static _ => { }, reason);
    }

    protected void WriteDelta(PooledBuffer output, int index, Action<Utf8JsonWriter> delta, string? finish) => WriteChunk(output, json =>
    {
        Said |= finish is null;
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
        var begin = output.Length;
        using (var json = new Utf8JsonWriter(output))
        {
            json.WriteStartObject();
            json.WriteString("id", _id);
            json.WriteString("object", "chat.completion.chunk");
            json.WriteNumber("created", _created);
            json.WriteString("model", Model);
            rest(json);
            json.WriteEndObject();
        }

        Span?.Read(output.Span[begin..]);
        output.Write("\n\n"u8);
    }
}
