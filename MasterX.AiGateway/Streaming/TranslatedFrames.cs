using System.Text.Json;
using MasterX.AiGateway.Providers.Classification;
using MasterX.AiGateway.Requests;
using MasterX.AiGateway.Translation.Answers;

namespace MasterX.AiGateway.Streaming;

/// <summary>Events of a format that is not the caller's, written as the caller's.</summary>
/// <param name="reader">Of the provider's format; tells <paramref name="writer"/>.</param>
/// <param name="writer">Of the caller's format.</param>
internal sealed class TranslatedFrames(AnswerReader reader, AnswerStreamWriter writer) : StreamFrames
{
    private static readonly JsonReaderOptions Depth = new() { MaxDepth = JsonNesting.MostOfAnswer };

    public override AnswerStreamWriter? WriterSoFar => writer;

    public override FrameKind Read(ReadOnlySpan<byte> data, PooledBuffer output)
    {
        if (data.SequenceEqual("[DONE]"u8))
        {
            return FrameKind.Done;
        }

        var start = output.Length;
        Prepare(output);
        try
        {
            var json = new Utf8JsonReader(data, Depth);
            using var document = JsonDocument.ParseValue(ref json);
            return reader.ReadEvent(document.RootElement);
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            // What it said before that is said: events are written one by one, and whole.
            return output.Length > start ? FrameKind.Content : FrameKind.Unparseable;
        }
        catch (ArgumentException)
        {
            // In the middle of an event that was being written, which nobody could read; or arguments that nobody could bring back. Nobody
            // could go on behind it either.
            output.Truncate(start);
            Verdict = Verdicts.Untellable;
            Partial?.Forbid();
            return FrameKind.Error;
        }
        finally
        {
            Look();
        }
    }

    /// <summary>Reads a whole answer, which came instead of a stream.</summary>
    /// <returns>Whether it is one.</returns>
    public bool TryReadWhole(ReadOnlySpan<byte> answer, PooledBuffer output)
    {
        var start = output.Length;
        Prepare(output);
        try
        {
            var json = new Utf8JsonReader(answer, Depth);
            using var document = JsonDocument.ParseValue(ref json);
            if (reader.ReadWhole(document.RootElement))
            {
                reader.End();
                return true;
            }
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or ArgumentException)
        {
            // It is judged as the failure that it is.
        }
        finally
        {
            Look();
        }

        output.Truncate(start);
        return false;
    }

    public override bool TryComplete(PooledBuffer output)
    {
        var start = output.Length;
        Prepare(output);
        try
        {
            reader.End();
            writer.Complete();
            return true;
        }
        catch (ArgumentException)
        {
            // What was held back to the end cannot be said.
            output.Truncate(start);
            return false;
        }
        finally
        {
            Look();
        }
    }

    public override void WriteEnd(PooledBuffer output)
    {
        Prepare(output);
        writer.WriteEnd();
    }

    private void Prepare(PooledBuffer output) => (writer.Output, writer.Span) = (output, Span);

    private void Look() =>
        (Finished, Incomplete, Said, Usage, Characters) = (writer.Finished, writer.Incomplete, writer.Said, writer.Usage, writer.Characters);
}
