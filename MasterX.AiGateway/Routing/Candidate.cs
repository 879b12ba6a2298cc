using System.Text.Json;
using MasterX.AiGateway.Limits;
using MasterX.AiGateway.Providers;
using MasterX.AiGateway.Requests;

namespace MasterX.AiGateway.Routing;

/// <summary>A provider and the model to ask of it; one for all routes that name the two.</summary>
internal sealed class Candidate(Provider provider, string model, TimeProvider time)
{
    private readonly Uri?[] _whole = [.. Operation.All.Select(operation => provider.Format.UriOf(provider.BaseUrl, model, operation, stream: false))];
    private readonly Uri?[] _streamed = [.. Operation.All.Select(operation => provider.Format.UriOf(provider.BaseUrl, model, operation, stream: true))];

    public Provider Provider { get; } = provider;

    public string Model { get; } = model;

    /// <summary>Its circuit and cool-down.</summary>
    public ModelGate Gate { get; } = new(provider.Limits, provider.Options.Circuit, time);

    /// <summary>Whether the model stands in the configuration, or has answered: callers may name what does not exist.</summary>
    public bool IsKnown { get; set; }

    /// <summary>The model in metrics, of which a caller must not make ever more.</summary>
    public string Label => IsKnown ? Model : "_other";

    /// <summary>How fast it has lately answered.</summary>
    public RecentLatency Latency { get; } = new();

    /// <summary>The model as a JSON string, quotes included.</summary>
    public ReadOnlyMemory<byte> ModelJson { get; } = System.Text.Encoding.UTF8.GetBytes($"\"{JsonEncodedText.Encode(model)}\"");

    /// <summary>Where an answer is asked for; <see langword="null"/> when the provider's API has no such operation.</summary>
    public Uri? UriOf(ModelRequest request) => (request.Stream ? _streamed : _whole)[request.Operation.Index];

    /// <summary>Whether a text can be a model's name: it goes into URLs, headers, metrics and logs, so it has visible ASCII characters only, no quotes, and an end.</summary>
    public static bool IsModelName(string text) =>
        text.Length is > 0 and <= 200 && text.All(character => character is > ' ' and <= '~' and not ('"' or '\\'));

    /// <summary>Splits <c>provider/model</c> at the first slash; a model's own name may contain more.</summary>
    public static (string Provider, string? Model) Split(string candidate)
    {
        var slash = candidate.IndexOf('/', StringComparison.Ordinal);
        return slash < 0 ? (candidate, null) : (candidate[..slash], slash == candidate.Length - 1 ? null : candidate[(slash + 1)..]);
    }
}
