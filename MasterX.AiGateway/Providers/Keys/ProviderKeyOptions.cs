using System.ComponentModel.DataAnnotations;

namespace MasterX.AiGateway.Providers.Keys;

/// <summary>One of several keys of a provider; section <c>Gateway:Providers:{name}:ApiKeys:{index}</c>.</summary>
public sealed class ProviderKeyOptions
{
    /// <summary>Sent to this provider alone.</summary>
    /// <value>Required; no other key of the provider is the same.</value>
    public string? Key { get; set; }

    /// <summary>Its share of the conversations, beside the weights of the other keys.</summary>
    /// <value>1 unless set; more than 0, at most 1,000,000.</value>
    [Range(0.000001, 1_000_000)]
    public double Weight { get; set; } = 1;

    /// <summary>Calls per sliding minute with this key.</summary>
    /// <value>The provider's unless set; 0 for no limit.</value>
    [Range(0, 1_000_000_000)]
    public int? RequestsPerMinute { get; set; }

    /// <summary>Tokens per sliding minute with this key.</summary>
    /// <value>The provider's unless set; 0 for no limit.</value>
    [Range(0, 1_000_000_000_000)]
    public long? TokensPerMinute { get; set; }

    /// <summary>Calls under way at once with this key.</summary>
    /// <value>The provider's unless set; 0 for no limit.</value>
    [Range(0, 1_000_000)]
    public int? MaxConcurrency { get; set; }

    internal bool IsSameAs(ProviderKeyOptions other) =>
        (Key, Weight, RequestsPerMinute, TokensPerMinute, MaxConcurrency)
            == (other.Key, other.Weight, other.RequestsPerMinute, other.TokensPerMinute, other.MaxConcurrency);
}
