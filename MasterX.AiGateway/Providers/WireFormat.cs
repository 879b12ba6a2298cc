using System.Buffers;
using System.Net.Http.Headers;
using System.Text.Json;
using MasterX.AiGateway.Providers.Classification;
using MasterX.AiGateway.Requests;
using MasterX.AiGateway.Routing;
using MasterX.AiGateway.Streaming;
using MasterX.AiGateway.Translation;
using MasterX.AiGateway.Translation.Answers;
using MasterX.AiGateway.Translation.Vocabulary;

namespace MasterX.AiGateway.Providers;

/// <summary>How a kind of provider is spoken to: a caller's request becomes the provider's, its answer becomes the caller's.</summary>
internal abstract class WireFormat
{
    /// <summary>The values of <see cref="ProviderOptions.Kind"/>.</summary>
    public static readonly IReadOnlyList<string> Kinds = ["openai", "gemini", "anthropic", "azure", "bedrock", "vertex"];

    public static WireFormat Of(string kind) => kind switch
    {
        "gemini" => GeminiWireFormat.Instance,
        "anthropic" => AnthropicWireFormat.Instance,
        "azure" => AzureWireFormat.Instance,
        "bedrock" => BedrockWireFormat.Instance,
        "vertex" => VertexWireFormat.Instance,
        _ => OpenAiWireFormat.Instance,
    };

    /// <summary>The format one of the provider's models is spoken to in: a cloud has models of several makers.</summary>
    public virtual WireFormat For(string model) => this;

    /// <summary>Whose signatures its models give, and want back: see <see cref="Signature.Family"/>.</summary>
    public abstract string Family { get; }

    /// <summary>Where an operation is asked for; <see langword="null"/> when the provider's API has none like it, or none that is translated.</summary>
    public abstract Uri? UriOf(Uri baseUrl, string model, Operation operation, bool stream, ProviderOptions options);

    /// <summary>
    /// Where the provider's models are listed: the cheapest call there is, for a probe; <see langword="null"/> where no call is known that
    /// costs nothing.
    /// </summary>
    public virtual Uri? ModelsUri(Uri baseUrl, ProviderOptions options) => new(baseUrl, "models");

    /// <summary>Where a response that the provider keeps is read, deleted or cancelled.</summary>
    /// <param name="baseUrl">The provider's.</param>
    /// <param name="path"><c>responses/</c> and what follows.</param>
    public virtual Uri ResponsesUri(Uri baseUrl, string path) => new(baseUrl, path);

    /// <summary>Headers every request has, beside the key.</summary>
    public virtual IReadOnlyList<(string Name, string Value)> Headers => [];

    /// <summary>Adds headers that go with one request.</summary>
    public virtual void WriteHeaders(ModelRequest request, HttpRequestHeaders headers)
    {
    }

    /// <summary>
    /// The header the provider's key belongs in; it is never put in the URL, which is logged and traced. <see langword="null"/> for a key that
    /// is not sent at all: calls are signed with it.
    /// </summary>
    public abstract (string Name, string Value)? Authentication(string key);

    /// <summary>What of a key is secret, where it is more than one word.</summary>
    public virtual IEnumerable<string> SecretsIn(string key) => [key];

    /// <summary>The content types a stream may come in, for the header <c>Accept</c>.</summary>
    public virtual string StreamTypes => "text/event-stream, application/json";

    /// <summary>The body of a streamed answer as server-sent events, where it is something else.</summary>
    /// <param name="body">As it comes.</param>
    /// <param name="largestEvent">In bytes.</param>
    public virtual Stream EventsOf(Stream body, int largestEvent) => body;

    /// <summary>Whether the provider speaks the operation's own format: the bytes pass as they are then, and are translated otherwise.</summary>
    public abstract bool Speaks(Operation operation, ProviderOptions options);

    /// <summary>How a model goes on with an answer that another one began, where nothing is set.</summary>
    public virtual Continuation ContinuationOf(string model, Uri baseUrl) => Continuation.Ask;

    /// <summary>
    /// Whether the request passes as it is. The rest of an answer is written by whoever wrote its beginning, so that it is asked for in the
    /// provider's own format.
    /// </summary>
    private bool Passes(ModelRequest request, ProviderOptions options) =>
        Speaks(request.Operation, options) && (request.Broken is null || IsOwn(request.Operation));

    /// <summary>The request body for the provider.</summary>
    /// <param name="request">The caller's request.</param>
    /// <param name="candidate">Who is asked, and for which model.</param>
    /// <param name="scratch">Receives the body when it is not the caller's own.</param>
    /// <param name="ignored">Fields that were left out, by their names in the caller's format; <see langword="null"/> for none.</param>
    /// <returns><paramref name="scratch"/>, or the request's own body where it can be sent as it is.</returns>
    /// <exception cref="UntranslatableRequestException">The provider's format has no way to say what the request says.</exception>
    public PooledBuffer WriteRequest(ModelRequest request, Candidate candidate, PooledBuffer scratch, out IReadOnlyList<string>? ignored)
    {
        if (request.Broken is { Text.Length: > 0 } && candidate.Continuation == Continuation.None)
        {
            throw new UntranslatableRequestException($"The model '{candidate.Model}' of '{candidate.Provider.Name}' cannot go on with another's answer.", null);
        }

        try
        {
            if (Passes(request, candidate.Provider.Options))
            {
                return Pass(request, candidate, scratch, out ignored);
            }

            ignored = request.Operation == Operation.Embeddings
                ? RequestTranslation.WriteEmbeddings(request, candidate, WriteEmbeddings, scratch)
                : RequestTranslation.Write(request, candidate, WriteConversation, scratch);
            return scratch;
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or ArgumentException)
        {
            // Or text with half a surrogate pair. A provider that takes the request as it is says it better, if there is one.
            throw new UntranslatableRequestException($"A part of the request is not of the type that {request.Operation.Name} requests have there.", null);
        }
    }

    /// <summary>Passes a request, without what another provider put in its history and this one refuses.</summary>
    private PooledBuffer Pass(ModelRequest request, Candidate candidate, PooledBuffer scratch, out IReadOnlyList<string>? ignored)
    {
        using var thoughtless = ForeignThoughts.Without(request);
        using var renamed = ForeignCallIds.Without(thoughtless ?? request, CallIdsOf(request, candidate));
        ignored = thoughtless is null ? null : ["thinking"];
        var tidied = renamed ?? thoughtless;
        var body = PassRequest(tidied ?? request, candidate, scratch);
        if (tidied is null || body != tidied.Body)
        {
            return body;
        }

        // What is sent must outlive what it was made of.
        scratch.Write(body.Span);
        return scratch;
    }

    /// <summary>What the errors of its API come to.</summary>
    public abstract ErrorTable Errors { get; }

    /// <summary>Reads a whole answer with status 200, and translates it where the caller speaks another format.</summary>
    /// <param name="answer">The provider's answer; still the caller's, unless it is the result's body too.</param>
    /// <param name="candidate">Who gave it.</param>
    /// <param name="request">What was asked for.</param>
    /// <returns><see langword="null"/> when it is no answer.</returns>
    public ProviderAnswer? ReadAnswer(PooledBuffer answer, Candidate candidate, ModelRequest request) =>
        Speaks(request.Operation, candidate.Provider.Options) && !(SseReader.IsStream(answer.Span) && IsOwn(request.Operation))
            ? PassAnswer(answer, candidate, request)
            : request.Operation == Operation.Embeddings ? AnswerTranslation.ReadEmbeddings(answer, candidate, request, EmbeddingsIn)
            : AnswerTranslation.ReadWhole(answer, candidate, request, ReaderOf);

    /// <summary>Reads the events of a streamed answer.</summary>
    /// <param name="request">The caller's request.</param>
    /// <param name="candidate">Who answers.</param>
    /// <param name="partial">Collects the text, where another provider may have to go on with it.</param>
    public StreamFrames OpenFrames(ModelRequest request, Candidate candidate, PartialAnswer? partial) =>
        request.Broken is null && Speaks(request.Operation, candidate.Provider.Options)
            ? PassFrames(request, candidate, partial)
            : AnswerTranslation.Open(candidate, request, ReaderOf, partial);

    /// <summary>Reads a whole answer that came where a stream was asked for; <see langword="null"/> where it cannot be made one.</summary>
    public TranslatedFrames? OpenWhole(ModelRequest request, Candidate candidate) =>
        request.Broken is not null || !Speaks(request.Operation, candidate.Provider.Options) || IsOwn(request.Operation)
            ? AnswerTranslation.Open(candidate, request, ReaderOf, partial: null)
            : null;

    /// <summary>Whether <see cref="ReaderOf"/> reads the operation's answers.</summary>
    protected abstract bool IsOwn(Operation operation);

    /// <summary>The caller's request, as it is but for what has to be different.</summary>
    protected abstract PooledBuffer PassRequest(ModelRequest request, Candidate candidate, PooledBuffer scratch);

    /// <summary>The names of calls that are taken in a request that passes.</summary>
    protected virtual CallIds CallIdsOf(ModelRequest request, Candidate candidate) => CallIds.Any;

    /// <summary>The provider's answer, as it is.</summary>
    /// <inheritdoc cref="ReadAnswer"/>
    protected abstract ProviderAnswer? PassAnswer(PooledBuffer answer, Candidate candidate, ModelRequest request);

    /// <summary>The provider's events, as they are.</summary>
    /// <inheritdoc cref="OpenFrames"/>
    protected abstract StreamFrames PassFrames(ModelRequest request, Candidate candidate, PartialAnswer? partial);

    /// <summary>Says a conversation in the provider's format.</summary>
    /// <exception cref="UntranslatableRequestException">It has no way to say it.</exception>
    protected abstract void WriteConversation(Conversation conversation, Candidate candidate, Loss loss, Utf8JsonWriter json);

    /// <summary>Says a request for embeddings in the provider's format, where it has one of its own for them.</summary>
    /// <exception cref="UntranslatableRequestException">It has no way to say it.</exception>
    protected virtual void WriteEmbeddings(EmbeddingRequest request, Candidate candidate, Utf8JsonWriter json) => throw NoEmbeddings();

    /// <summary>The embeddings in an answer, where the provider has a format of its own for them.</summary>
    protected virtual Embeddings EmbeddingsIn(JsonElement answer) => throw NoEmbeddings();

    /// <summary>A reader of the provider's format.</summary>
    protected abstract AnswerReader ReaderOf(AnswerSink sink);

    private static InvalidOperationException NoEmbeddings() => new("A format without an address for embeddings is not asked for any.");
}

/// <summary>A request that cannot be said in a provider's format. Another candidate may take it.</summary>
/// <param name="message">What cannot be said, naming the field.</param>
/// <param name="parameter">The field.</param>
internal sealed class UntranslatableRequestException(string message, string? parameter) : Exception(message)
{
    public string? Parameter { get; } = parameter;
}
