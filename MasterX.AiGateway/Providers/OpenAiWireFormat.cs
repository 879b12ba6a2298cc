using System.Text.Json;
using MasterX.AiGateway.Providers.Classification;
using MasterX.AiGateway.Requests;
using MasterX.AiGateway.Routing;
using MasterX.AiGateway.Streaming;
using MasterX.AiGateway.Translation.Answers;
using MasterX.AiGateway.Translation.Requests;
using MasterX.AiGateway.Translation.Vocabulary;

namespace MasterX.AiGateway.Providers;

/// <summary>
/// OpenAI's own format, every <see cref="Operation"/> of it, as OpenAI, Groq, Ollama, vLLM and many others speak them.
/// Request and answer pass through byte for byte, but for the value of <c>model</c> and the fields a provider is known to refuse.
/// </summary>
internal class OpenAiWireFormat : WireFormat
{
    public static readonly OpenAiWireFormat Instance = new();

    private const string StreamOptions = "stream_options";

    private protected OpenAiWireFormat()
    {
    }

    private static ReadOnlySpan<byte> UsageWish => "\"stream_options\":{\"include_usage\":true}"u8;

    public override ErrorTable Errors => ErrorTable.OpenAi;

    public override string Family => Signature.OpenAi;

    public override Uri? UriOf(Uri baseUrl, string model, Operation operation, bool stream, ProviderOptions options) =>
        operation == Operation.CountTokens ? null : new(baseUrl, (Speaks(operation, options) ? operation : Operation.Chat).Path);

    /// <summary>Of those that are compatible with OpenAI's chats, not all have its responses: <see cref="ProviderOptions.ResponsesApi"/>.</summary>
    public override bool Speaks(Operation operation, ProviderOptions options) =>
        !operation.IsAnthropic && (operation != Operation.Responses || options.ResponsesApi);

    public override (string Name, string Value)? Authentication(string key) => ("Authorization", $"Bearer {key}");

    protected override CallIds CallIdsOf(ModelRequest request, Candidate candidate) =>
        request.Operation == Operation.Chat ? ChatDialect.CallIdsOf(candidate) : IsOpenAi(candidate) ? CallIds.OpenAiResponses : CallIds.Any;

    protected override PooledBuffer PassRequest(ModelRequest request, Candidate candidate, PooledBuffer scratch) =>
        !AsksUsage(request, candidate) ? SameFormatBody.Write(request, candidate, default, scratch)
        : request.StreamOptions.End.Value == 0 ? SameFormatBody.Write(request, candidate, UsageWish, scratch)
        : SameFormatBody.Write(request, candidate, WithUsage(request.Body.Span[request.StreamOptions]), scratch, StreamOptions);

    protected override ProviderAnswer? PassAnswer(PooledBuffer answer, Candidate candidate, ModelRequest request)
    {
        var scan = AnswerScan.Of(answer.Span, request.Operation, candidate);
        if (!scan.IsAnswer)
        {
            return null;
        }

        var body = answer;
        if (request.ResponseIds is { } ids)
        {
            body = new PooledBuffer(answer.Length + 256);
            if (!new ResponseNaming(ids, candidate.Provider.Name).TryWrite(answer.Span, 1, body))
            {
                body.Dispose();
                return null;
            }
        }

        return new ProviderAnswer { Verdict = Verdicts.Success, Status = StatusCodes.Status200OK, Body = body, Usage = scan.Usage };
    }

    protected override StreamFrames PassFrames(ModelRequest request, Candidate candidate, PartialAnswer? partial) =>
        request.Operation == Operation.Responses
            ? new ResponsesFrames { Candidate = candidate, Naming = request.ResponseIds is { } ids ? new(ids, candidate.Provider.Name) : null }
            : new OpenAiFrames { CallerWantsUsage = request.Usage == StreamUsage.Wanted, Candidate = candidate, Partial = partial };

    /// <summary>
    /// Groq's models take it (<see href="https://console.groq.com/docs/prefilling"/>), and Mistral's by a mark of its own
    /// (<see href="https://docs.mistral.ai/api/endpoint/chat"/>); OpenAI's answer such a turn anew.
    /// </summary>
    public override Continuation ContinuationOf(string model, Uri baseUrl) => baseUrl.Host switch
    {
        "api.groq.com" => Continuation.Prefill,
        "api.mistral.ai" => Continuation.Prefix,
        _ => Continuation.Ask,
    };

    protected override bool IsOwn(Operation operation) => operation == Operation.Chat;

    protected override void WriteConversation(Conversation conversation, Candidate candidate, Loss loss, Utf8JsonWriter json) =>
        ChatRequestWriter.Write(conversation, ChatDialect.Of(candidate), loss, json);

    protected override AnswerReader ReaderOf(AnswerSink sink) => new ChatAnswerReader(sink);

    private static bool IsOpenAi(Candidate candidate) =>
        candidate.Provider.Kind == "azure" || candidate.Provider.BaseUrl.Host.EndsWith(".openai.com", StringComparison.OrdinalIgnoreCase);

    /// <summary>Whether the usage of a stream is asked for in the caller's stead; responses always have it.</summary>
    private static bool AsksUsage(ModelRequest request, Candidate candidate) =>
        request is { Stream: true, Usage: StreamUsage.NotWanted } && request.Operation == Operation.Chat && candidate.Provider.Options.AsksStreamUsage;

    /// <summary>The caller's <c>stream_options</c> with that wish beside them.</summary>
    /// <exception cref="UntranslatableRequestException">One of them has a name with half a character, which could not be written again.</exception>
    private static byte[] WithUsage(ReadOnlySpan<byte> options)
    {
        try
        {
            return WriteWithUsage(options);
        }
        catch (Exception error) when (error is InvalidOperationException or ArgumentException)
        {
            throw new UntranslatableRequestException($"'{StreamOptions}' has text in it that is not valid Unicode.", StreamOptions);
        }
    }

    private static byte[] WriteWithUsage(ReadOnlySpan<byte> options)
    {
        var reader = new Utf8JsonReader(options);
        using var document = JsonDocument.ParseValue(ref reader);
        using var output = new MemoryStream();
        using (var json = new Utf8JsonWriter(output, new JsonWriterOptions { SkipValidation = true }))
        {
            json.WritePropertyName(StreamOptions);
            json.WriteStartObject();
            json.WriteBoolean("include_usage", true);
            foreach (var option in document.RootElement.ValueKind == JsonValueKind.Object ? document.RootElement.EnumerateObject() : default)
            {
                if (!option.NameEquals("include_usage"u8))
                {
                    option.WriteTo(json);
                }
            }

            json.WriteEndObject();
        }

        return output.ToArray();
    }
}
