using System.Net.Http.Headers;
using System.Text.Json;
using MasterX.AiGateway.Providers.Classification;
using MasterX.AiGateway.Requests;
using MasterX.AiGateway.Routing;
using MasterX.AiGateway.Streaming;
using MasterX.AiGateway.Telemetry;

namespace MasterX.AiGateway.Providers;

/// <summary>How a kind of provider is spoken to: an OpenAI request becomes the provider's, its answer becomes OpenAI's.</summary>
internal abstract class WireFormat
{
    /// <summary>The values of <see cref="ProviderOptions.Kind"/>.</summary>
    public static readonly IReadOnlyList<string> Kinds = ["openai", "gemini", "anthropic"];

    public static WireFormat Of(string kind) => kind switch
    {
        "gemini" => GeminiWireFormat.Instance,
        "anthropic" => AnthropicWireFormat.Instance,
        _ => OpenAiWireFormat.Instance,
    };

    /// <summary>Where an operation is asked for; <see langword="null"/> when the provider's API has none like it, or none that is translated.</summary>
    public abstract Uri? UriOf(Uri baseUrl, string model, Operation operation, bool stream);

    /// <summary>Where the provider's models are listed: the cheapest call there is, for a probe.</summary>
    public virtual Uri ModelsUri(Uri baseUrl) => new(baseUrl, "models");

    /// <summary>Headers every request has, beside the key.</summary>
    public virtual IReadOnlyList<(string Name, string Value)> Headers => [];

    /// <summary>Adds headers that go with one request.</summary>
    public virtual void WriteHeaders(ModelRequest request, HttpRequestHeaders headers)
    {
    }

    /// <summary>The header the provider's key belongs in; it is never put in the URL, which is logged and traced.</summary>
    public abstract (string Name, string Value) Authentication(string key);

    /// <summary>The request body for the provider.</summary>
    /// <param name="request">The caller's request.</param>
    /// <param name="candidate">Who is asked, and for which model.</param>
    /// <param name="scratch">Receives the body when it is not the caller's own.</param>
    /// <returns><paramref name="scratch"/>, or the request's own body where it can be sent as it is.</returns>
    /// <exception cref="UntranslatableRequestException">The provider's format has no way to say what the request says.</exception>
    public abstract PooledBuffer WriteRequest(ModelRequest request, Candidate candidate, PooledBuffer scratch);

    /// <summary>Whether the provider keeps responses, to be gone on from and asked for again.</summary>
    public virtual bool KeepsResponses => false;

    /// <summary>What the errors of its API come to.</summary>
    public abstract ErrorTable Errors { get; }

    /// <summary>Reads a whole answer with status 200, and translates it.</summary>
    /// <param name="answer">The provider's answer; still the caller's, unless it is the result's body too.</param>
    /// <param name="candidate">Who gave it.</param>
    /// <param name="request">What was asked for.</param>
    /// <returns><see langword="null"/> when it is no answer.</returns>
    public abstract ProviderAnswer? ReadAnswer(PooledBuffer answer, Candidate candidate, ModelRequest request);

    /// <summary>Reads the events of a streamed answer.</summary>
    /// <param name="request">The caller's request.</param>
    /// <param name="candidate">Who answers.</param>
    /// <param name="partial">Collects the text, where another provider may have to go on with it.</param>
    /// <param name="continuing">Whether the caller's stream has begun with another provider.</param>
    public abstract StreamFrames OpenFrames(ModelRequest request, Candidate candidate, PartialAnswer? partial, bool continuing);

    /// <summary>Parses the caller's request and writes another one of it.</summary>
    /// <exception cref="UntranslatableRequestException">A part of it is not of the type that OpenAI's format has there.</exception>
    protected static PooledBuffer Translate(ModelRequest request, PooledBuffer scratch, Action<JsonElement, Utf8JsonWriter> write)
    {
        try
        {
            using var document = JsonDocument.Parse(request.Body.Memory);
            using var json = new Utf8JsonWriter(scratch);
            write(document.RootElement, json);
        }
        catch (Exception error) when (error is InvalidOperationException or JsonException or ArgumentException)
        {
            // Or text with half a surrogate pair. A provider that speaks the format says it better, if there is one.
            throw new UntranslatableRequestException("A part of the request is not of the type that the chat completions format has there.", null);
        }

        return scratch;
    }

    /// <summary>Parses a provider's whole answer and writes a chat completion of it, if it is an answer.</summary>
    protected static ProviderAnswer? Translate(
        PooledBuffer answer, Func<JsonElement, bool> isAnswer, Action<JsonElement, Utf8JsonWriter> write,
        Func<JsonElement, TokenUsage?> readUsage)
    {
        PooledBuffer? body = null;
        try
        {
            using var document = JsonDocument.Parse(answer.Memory);
            var root = document.RootElement;
            if (!isAnswer(root))
            {
                return null;
            }

            body = new PooledBuffer(answer.Length + 512);
            using (var json = new Utf8JsonWriter(body))
            {
                write(root, json);
            }

            var translated = new ProviderAnswer
            {
                Verdict = Verdicts.Success, Status = StatusCodes.Status200OK, Body = body, Usage = readUsage(root),
            };
            body = null;
            return translated;
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or ArgumentException)
        {
            // Not what the provider's API gives; the others are text that is not valid UTF-16 once unescaped.
            return null;
        }
        finally
        {
            body?.Dispose();
        }
    }
}

/// <summary>A request that cannot be said in a provider's format. Another candidate may take it.</summary>
/// <param name="message">What cannot be said, naming the field.</param>
/// <param name="parameter">The field.</param>
internal sealed class UntranslatableRequestException(string message, string? parameter) : Exception(message)
{
    public string? Parameter { get; } = parameter;
}
