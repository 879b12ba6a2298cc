using System.Text;
using System.Text.Json;
using MasterX.AiGateway.Providers;
using MasterX.AiGateway.Providers.Classification;
using MasterX.AiGateway.Requests;
using MasterX.AiGateway.Routing;
using MasterX.AiGateway.Streaming;
using MasterX.AiGateway.Telemetry;
using MasterX.AiGateway.Translation.Answers;
using MasterX.AiGateway.Translation.Requests;
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
        return Written(answer.Length, json =>
        {
            var writer = WriterOf(candidate, request);
            Remember(writer, request);
            (writer.Tools, writer.Seen) = (ToolsOf(request), candidate.Thoughts);
            if (!Read(answer, readerOf(writer), writer))
            {
                return (false, null);
            }

            writer.Write(json);
            return (true, writer.Usage);
        });
    }

    /// <summary>Reads embeddings, which few providers have in a format of their own.</summary>
    /// <returns><see langword="null"/> when they are none.</returns>
    public static ProviderAnswer? ReadEmbeddings(PooledBuffer answer, Candidate candidate, ModelRequest request, Func<JsonElement, Embeddings> read)
    {
        return Written(answer.Length, json =>
        {
            using var document = JsonDocument.Parse(answer.Memory);
            using var asked = JsonDocument.Parse(request.Body.Memory);
            return (read(document.RootElement).TryWrite(asked.RootElement, candidate.Model, json, out var usage), usage);
        });
    }

    /// <summary>An answer in the caller's format.</summary>
    /// <param name="length">Of the provider's.</param>
    /// <param name="write">Writes it, and says whether it is one, and its tokens.</param>
    /// <returns><see langword="null"/> when it is none.</returns>
    private static ProviderAnswer? Written(int length, Func<Utf8JsonWriter, (bool IsAnswer, TokenUsage? Usage)> write)
    {
        PooledBuffer? body = new(length + 512);
        try
        {
            TokenUsage? usage;
            using (var json = new Utf8JsonWriter(body, AnswerStreamWriter.Options))
            {
                (var isAnswer, usage) = write(json);
                if (!isAnswer)
                {
                    return null;
                }
            }

            var answer = new ProviderAnswer { Verdict = Verdicts.Success, Status = StatusCodes.Status200OK, Body = body, Usage = usage };
            body = null;
            return answer;
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or FormatException or UntranslatableRequestException)
        {
            // Not what the provider's API gives.
            return null;
        }
        catch (ArgumentException)
        {
            // It is, and cannot be said: text that is none once unescaped, arguments that nobody could bring back.
            return Judgement.Of(Verdicts.Untellable, StatusCodes.Status200OK);
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
    public static TranslatedFrames Open(Candidate candidate, ModelRequest request, Func<AnswerSink, AnswerReader> readerOf, PartialAnswer? partial)
    {
        AnswerStreamWriter writer = request.Broken is { } broken ? broken.Writer.Fork()
            : request.Operation == Operation.Messages ? new MessageEventWriter(candidate.Model)
            : request.Operation == Operation.Responses ? new ResponseEventWriter(ItemsOf(candidate, request))
            : new ChatChunkWriter(candidate.Model, Now, request.Usage == StreamUsage.Wanted);
        Remember(writer, request);
        (writer.Partial, writer.Tools, writer.Seen) = (partial, ToolsOf(request), candidate.Thoughts);
        if (request.Broken is { } before)
        {
            writer.GoOn(before.Joint);
        }

        return new TranslatedFrames(readerOf(writer), writer) { Partial = partial };
    }

    /// <summary>Thoughts are remembered by the calls behind them, of which there are none without tools.</summary>
    private static void Remember(AnswerSink writer, ModelRequest request)
    {
        if (request.Thoughts is { } thoughts && (request.Body.Span.IndexOf("\"tools\""u8) >= 0 || request.Body.Span.IndexOf("\"functions\""u8) >= 0))
        {
            (writer.Thoughts, writer.Conversation) = (thoughts, (request.Consumer, request.Conversation));
        }
    }

    /// <summary>What the caller calls its tools: few callers have others than functions, and only those requests are read again.</summary>
    private static CallerTools ToolsOf(ModelRequest request)
    {
        var body = request.Body.Span;
        if (request.Operation == Operation.Messages || (body.IndexOf("\"custom\""u8) < 0 && body.IndexOf("\"local_shell\""u8) < 0 && body.IndexOf("\"namespace\""u8) < 0
            && body.IndexOf("\"functions\""u8) < 0))
        {
            return CallerTools.Plain;
        }

        using var document = JsonDocument.Parse(request.Body.Memory);
        return request.Operation == Operation.Responses ? ResponsesRequestReader.ToolsOf(document.RootElement) : ChatTools.ToolsOf(document.RootElement);
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
            using var document = JsonDocument.Parse(answer.Memory, new JsonDocumentOptions { MaxDepth = JsonNesting.MostOfAnswer });
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

            var json = new Utf8JsonReader(data, new JsonReaderOptions { MaxDepth = JsonNesting.MostOfAnswer });
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
