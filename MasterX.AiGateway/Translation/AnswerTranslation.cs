using System.Text;
using System.Text.Json;
using MasterX.AiGateway.Providers;
using MasterX.AiGateway.Providers.Classification;
using MasterX.AiGateway.Requests;
using MasterX.AiGateway.Routing;
using MasterX.AiGateway.Streaming;
using MasterX.AiGateway.Translation.Answers;
using MasterX.AiGateway.Translation.Vocabulary;

namespace MasterX.AiGateway.Translation;

/// <summary>A provider's answer, said in the caller's format: whoever reads the one tells whoever writes the other.</summary>
internal static class AnswerTranslation
{
    /// <summary>Members of a request that a response of OpenAI's API repeats.</summary>
    private static readonly HashSet<string> Echoed = new(StringComparer.Ordinal)
    {
        "instructions", "max_output_tokens", "metadata", "parallel_tool_calls", "reasoning", "temperature", "text", "tool_choice", "tools", "top_p", "truncation", "user",
    };

    /// <param name="answer">The provider's whole answer; a stream of events does as well, where one came unasked.</param>
    /// <param name="candidate">Who gave it.</param>
    /// <param name="request">What was asked for.</param>
    /// <param name="readerOf">Makes a reader of the provider's format.</param>
    /// <returns><see langword="null"/> when it is no answer.</returns>
    public static ProviderAnswer? ReadWhole(PooledBuffer answer, Candidate candidate, ModelRequest request, Func<AnswerSink, AnswerReader> readerOf)
    {
        PooledBuffer? body = null;
        try
        {
            var writer = WriterOf(candidate, request);
            (writer.Thoughts, writer.Consumer) = (request.Thoughts, request.Consumer);
            var reader = readerOf(writer);
            if (!Read(answer, reader, writer))
            {
                return null;
            }

            body = new PooledBuffer(answer.Length + 512);
            using (var json = new Utf8JsonWriter(body, AnswerStreamWriter.Options))
            {
                writer.Write(json);
            }

            var translated = new ProviderAnswer { Verdict = Verdicts.Success, Status = StatusCodes.Status200OK, Body = body, Usage = writer.Usage };
            body = null;
            return translated;
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or ArgumentException or UntranslatableRequestException)
        {
            // Not what the provider's API gives; the others are text that is not valid UTF-16 once unescaped.
            return null;
        }
        finally
        {
            body?.Dispose();
        }
    }

    /// <summary>Reads embeddings, which few providers have in a format of their own.</summary>
    /// <returns><see langword="null"/> when they are none.</returns>
    public static ProviderAnswer? ReadEmbeddings(PooledBuffer answer, Candidate candidate, ModelRequest request, Func<JsonElement, Embeddings> read)
    {
        PooledBuffer? body = new(answer.Length + 512);
        try
        {
            using var document = JsonDocument.Parse(answer.Memory);
            using var asked = JsonDocument.Parse(request.Body.Memory);
            using (var json = new Utf8JsonWriter(body, AnswerStreamWriter.Options))
            {
                if (!read(document.RootElement).TryWrite(asked.RootElement, candidate.Model, json))
                {
                    return null;
                }
            }

            var scan = AnswerScan.Of(body.Span, Operation.Embeddings);
            var told = new ProviderAnswer { Verdict = Verdicts.Success, Status = StatusCodes.Status200OK, Body = body, Usage = scan.Usage };
            body = null;
            return told;
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or FormatException)
        {
            return null;
        }
        finally
        {
            body?.Dispose();
        }
    }

    /// <param name="candidate">Who answers.</param>
    /// <param name="request">What was asked for.</param>
    /// <param name="readerOf">Makes a reader of the provider's format.</param>
    /// <param name="partial">Collects the text, where another provider may have to go on with it.</param>
    /// <param name="isContinuing">Whether the caller's stream has begun with another provider.</param>
    public static TranslatedFrames Open(
        Candidate candidate, ModelRequest request, Func<AnswerSink, AnswerReader> readerOf, PartialAnswer? partial, bool isContinuing)
    {
        AnswerStreamWriter writer = request.Operation == Operation.Messages ? new MessageEventWriter(candidate.Model)
            : request.Operation == Operation.Responses ? new ResponseEventWriter(ItemsOf(candidate, request))
            : new ChatChunkWriter(candidate.Model, Now, request.Usage == StreamUsage.Wanted, isContinuing);
        (writer.Partial, writer.Thoughts, writer.Consumer) = (partial, request.Thoughts, request.Consumer);
        return new TranslatedFrames(readerOf(writer), writer) { Partial = partial, Continuing = isContinuing };
    }

    private static long Now => DateTimeOffset.UtcNow.ToUnixTimeSeconds();

    private static WholeAnswerWriter WriterOf(Candidate candidate, ModelRequest request) =>
        request.Operation == Operation.Messages ? new MessageWriter(candidate.Model)
        : request.Operation == Operation.Responses ? new ResponseWriter(ItemsOf(candidate, request))
        : new ChatCompletionWriter(candidate.Model, Now);

    private static bool Read(PooledBuffer answer, AnswerReader reader, AnswerSink sink)
    {
        if (!SseReader.IsStream(answer.Span))
        {
            using var document = JsonDocument.Parse(answer.Memory);
            if (!reader.ReadWhole(document.RootElement))
            {
                return false;
            }

            sink.FinishOpen();
            return true;
        }

        // A stream that was not asked for is as good, when it is whole.
        using var events = SseReader.Over(answer);
        var isDone = false;
        while (!isDone && events.TryNext(out var data))
        {
            if (events.IsError)
            {
                return false;
            }

            if (data.SequenceEqual("[DONE]"u8))
            {
                break;
            }

            var json = new Utf8JsonReader(data);
            using var document = JsonDocument.ParseValue(ref json);
            switch (reader.ReadEvent(document.RootElement))
            {
                case FrameKind.Error:
                    return false;
                case FrameKind.Done:
                    isDone = true;
                    break;
            }
        }

        if (!sink.Finished)
        {
            return false;
        }

        reader.End();
        return true;
    }

    private static ResponseItems ItemsOf(Candidate candidate, ModelRequest request)
    {
        List<KeyValuePair<string, string>> echo = [];
        using var document = JsonDocument.Parse(request.Body.Memory);
        foreach (var field in document.RootElement.EnumerateObject())
        {
            if (Echoed.Contains(field.Name) && !echo.Exists(known => known.Key == field.Name))
            {
                echo.Add(new(field.Name, Encoding.UTF8.GetString(field.Value.Compact())));
            }
        }

        // What clients count on, though nothing was said of it.
        foreach (var (name, value) in (ReadOnlySpan<(string, string)>)[("instructions", "null"), ("metadata", "{}"), ("parallel_tool_calls", "true"), ("tool_choice", "\"auto\""), ("tools", "[]"), ("temperature", "null"), ("top_p", "null")])
        {
            if (!echo.Exists(known => known.Key == name))
            {
                echo.Add(new(name, value));
            }
        }

        var provider = candidate.Provider.Name;
        return new ResponseItems(candidate.Model, id => request.ResponseIds!.Sign(provider, id ?? Guid.NewGuid().ToString("N")), echo, Now);
    }
}
