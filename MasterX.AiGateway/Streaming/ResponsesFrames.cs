using System.Buffers;
using System.Text;
using System.Text.Json;
using MasterX.AiGateway.Providers;
using MasterX.AiGateway.Requests;
using MasterX.AiGateway.Translation.Answers;

namespace MasterX.AiGateway.Streaming;

/// <summary>
/// Events of a streamed response (<see href="https://platform.openai.com/docs/api-reference/responses-streaming"/>), each with its type; they are passed on as
/// they came. The last one, <c>response.completed</c> or <c>response.incomplete</c>, is the end mark and carries the usage.
/// </summary>
internal sealed class ResponsesFrames : StreamFrames
{
    private byte[] _end = [];

    /// <summary>Names the response to the caller; <see langword="null"/> to leave the provider's name.</summary>
    public ResponseNaming? Naming { get; init; }

    /// <summary>Nobody: what the end of a response repeats was not kept.</summary>
    public override AnswerStreamWriter? WriterSoFar => null;

    public override FrameKind Read(ReadOnlySpan<byte> data, PooledBuffer output)
    {
        var (type, response) = ((string?)null, false);
        try
        {
            var json = new Utf8JsonReader(data);
            if (!json.Read() || json.TokenType != JsonTokenType.StartObject)
            {
                return FrameKind.Unparseable;
            }

            while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
            {
                if (json.ValueTextEquals("type"u8))
                {
                    json.Read();
                    type = json.TokenType == JsonTokenType.String ? json.GetString() : null;
                }
                else if (json.ValueTextEquals("response"u8))
                {
                    json.Read();
                    response = true;
                    ReadResponse(ref json);
                }
                else if (json.ValueTextEquals("delta"u8))
                {
                    json.Read();
                    Characters += json.TokenType == JsonTokenType.String ? json.ValueSpan.Length : 0;
                }

                json.Skip();
            }
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            return FrameKind.Unparseable;
        }

        if (Span is { } span && type is not null && (response || span.CapturesStream))
        {
            span.Read(data);
        }

        PooledBuffer? named = null;
        try
        {
            if (response && type is not null && Naming is { } naming)
            {
                named = new PooledBuffer(data.Length + 256);
                if (!naming.TryWrite(data, 2, named))
                {
                    return FrameKind.Unparseable;
                }

                data = named.Span;
            }

            return Pass(type, data, output);
        }
        finally
        {
            named?.Dispose();
        }
    }

    private FrameKind Pass(string? type, ReadOnlySpan<byte> data, PooledBuffer output)
    {
        switch (type)
        {
            case null:
                return FrameKind.Unparseable;
            case "error" or "response.failed":
                return FrameKind.Error;
            case "response.completed" or "response.incomplete":
                // Held back until the accounting has been written before it: behind the last event nobody reads.
                Finished = true;
                Incomplete = type == "response.incomplete";
                _end = Event(type, data);
                return FrameKind.Done;
            default:
                output.Write(Event(type, data));
                Said |= IsContent(type);
                return IsContent(type) ? FrameKind.Content : FrameKind.Lifecycle;
        }
    }

    public override void WriteEnd(PooledBuffer output) => output.Write(_end);

    /// <summary>Whatever adds to the answer; what announces it (created, queued, in_progress, an item or part that begins) does not.</summary>
    private static bool IsContent(string type) =>
        type.EndsWith(".delta", StringComparison.Ordinal) || type.EndsWith(".done", StringComparison.Ordinal) || type.EndsWith(".completed", StringComparison.Ordinal);

    private static byte[] Event(string type, ReadOnlySpan<byte> data) =>
        [.. "event: "u8, .. Encoding.UTF8.GetBytes(type.ReplaceLineEndings("")), .. "\ndata: "u8, .. data, .. "\n\n"u8];

    private void ReadResponse(ref Utf8JsonReader json)
    {
        if (json.TokenType != JsonTokenType.StartObject)
        {
            return;
        }

        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            var (usage, tier, model) = (json.ValueTextEquals("usage"u8), json.ValueTextEquals("service_tier"u8), json.ValueTextEquals("model"u8));
            json.Read();
            if (usage)
            {
                Usage = AnswerScan.ReadUsage(ref json) ?? Usage;
            }
            else if (tier)
            {
                Tier = AnswerScan.ReadTier(ref json);
            }
            else
            {
                Answered = model && Candidate is not null ? Candidate.NameOf(ref json) : Answered;
                json.Skip();
            }
        }
    }
}
