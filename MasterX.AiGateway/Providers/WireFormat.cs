using MasterX.AiGateway.Chat;
using MasterX.AiGateway.Routing;
using MasterX.AiGateway.Streaming;

namespace MasterX.AiGateway.Providers;

/// <summary>How a kind of provider is spoken to: an OpenAI request becomes the provider's, its answer becomes OpenAI's.</summary>
internal abstract class WireFormat
{
    /// <summary>The values of <see cref="ProviderOptions.Kind"/>.</summary>
    public static readonly IReadOnlyList<string> Kinds = ["openai", "gemini"];

    public static WireFormat Of(string kind) => kind switch
    {
        "gemini" => GeminiWireFormat.Instance,
        _ => OpenAiWireFormat.Instance,
    };

    /// <summary>Where a chat completion is asked for.</summary>
    public abstract Uri ChatUri(Uri baseUrl, string model, bool stream);

    /// <summary>The header the provider's key belongs in; it is never put in the URL, which is logged and traced.</summary>
    public abstract (string Name, string Value) Authentication(string key);

    /// <summary>The request body for the provider.</summary>
    /// <param name="request">The caller's request.</param>
    /// <param name="candidate">Who is asked, and for which model.</param>
    /// <param name="scratch">Receives the body when it is not the caller's own.</param>
    /// <exception cref="UntranslatableRequestException">The provider's format has no way to say what the request says.</exception>
    public abstract ReadOnlyMemory<byte> WriteChatRequest(ChatRequest request, Candidate candidate, PooledBuffer scratch);

    /// <summary>Judges a whole answer with status 200, and translates it in place.</summary>
    /// <param name="answer">The provider's answer; owned by the result.</param>
    /// <param name="candidate">Who gave it.</param>
    public abstract ProviderAnswer ReadChatAnswer(PooledBuffer answer, Candidate candidate);

    /// <summary>Reads the events of a streamed answer.</summary>
    /// <param name="request">The caller's request.</param>
    /// <param name="candidate">Who answers.</param>
    /// <param name="partial">Collects the text, where another provider may have to go on with it.</param>
    /// <param name="continuing">Whether the caller's stream has begun with another provider.</param>
    public abstract StreamFrames OpenFrames(ChatRequest request, Candidate candidate, PartialAnswer? partial, bool continuing);

    /// <summary>The provider's error in the parts that may be passed on; <see langword="null"/> when the body is not an error of its kind.</summary>
    public abstract ProviderError? ReadError(ReadOnlyMemory<byte> body);
}

/// <summary>A request that cannot be said in a provider's format. Another candidate may take it.</summary>
/// <param name="message">What cannot be said, naming the field.</param>
/// <param name="parameter">The field.</param>
internal sealed class UntranslatableRequestException(string message, string? parameter) : Exception(message)
{
    public string? Parameter { get; } = parameter;
}
