using System.Text.Json;
using MasterX.AiGateway.Providers;

namespace MasterX.AiGateway.Routing;

/// <summary>A provider and the model to ask of it.</summary>
internal sealed class Candidate(Provider provider, string model)
{
    public Provider Provider { get; } = provider;

    public string Model { get; } = model;

    /// <summary>How fast it has lately answered.</summary>
    public RecentLatency Latency { get; } = new();

    /// <summary>Where a whole answer is asked for.</summary>
    public Uri ChatUri { get; } = provider.Format.ChatUri(provider.BaseUrl, model, stream: false);

    /// <summary>Where a stream is asked for.</summary>
    public Uri StreamUri { get; } = provider.Format.ChatUri(provider.BaseUrl, model, stream: true);

    /// <summary>The model as a JSON string, quotes included.</summary>
    public ReadOnlyMemory<byte> ModelJson { get; } = System.Text.Encoding.UTF8.GetBytes($"\"{JsonEncodedText.Encode(model)}\"");

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
