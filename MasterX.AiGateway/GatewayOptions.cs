using System.ComponentModel.DataAnnotations;
using MasterX.AiGateway.Prices;
using MasterX.AiGateway.Providers;
using MasterX.AiGateway.Routing;
using Catalogue = MasterX.AiGateway.Prices.PriceCatalogue;

namespace MasterX.AiGateway;

/// <summary>The gateway's whole configuration; section <c>Gateway</c>.</summary>
public sealed class GatewayOptions
{
    private Catalogue? _catalogue;

    /// <summary>Name of the section.</summary>
    public const string Section = "Gateway";

    /// <summary>The bearer token that callers present.</summary>
    /// <value>Visible ASCII characters. Fewer than 16 can be guessed, which is warned about at the start.</value>
    public string Token { get; set; } = "";

    /// <summary>By name: letters, digits, hyphens and underscores.</summary>
    public IDictionary<string, ProviderOptions> Providers { get; } = new Dictionary<string, ProviderOptions>(StringComparer.OrdinalIgnoreCase);

    /// <summary>By the model name they answer to; it may have colons.</summary>
    public IDictionary<string, ModelRouteOptions> Routes { get; } = new Dictionary<string, ModelRouteOptions>(StringComparer.OrdinalIgnoreCase);

    /// <summary>By model, or by <c>provider/model</c>, which wins; either may have colons. They go before the catalogue's.</summary>
    public IDictionary<string, ModelPrice> Prices { get; } = new Dictionary<string, ModelPrice>(StringComparer.OrdinalIgnoreCase);

    /// <summary>What a model costs that has no price here and none in the catalogue.</summary>
    /// <value>Nothing unless set: what such a model costs is not known then.</value>
    public ModelPrice? DefaultPrice { get; set; }

    /// <summary>A file of prices that takes the place of the catalogue in the program; read at the start, and whenever the configuration changes.</summary>
    /// <value>The program's own catalogue unless set.</value>
    public string? PriceCatalogue { get; set; }

    /// <summary>The catalogue in force. It is no property, as those are settings.</summary>
    internal Catalogue GetCatalogue() => _catalogue ?? Catalogue.BuiltIn;

    internal void Use(Catalogue catalogue) => _catalogue = catalogue;

    /// <summary>
    /// On a route that resumes, and where a request ends with an answer: what a model is told, in a user's turn behind the answer so far, to go on with it; for models that cannot be
    /// given the beginning of their own answer (<see cref="ProviderOptions.Continuation"/>).
    /// </summary>
    /// <value>A few sentences in English unless set; at most 4,000 characters.</value>
    public string ResumePrompt { get; set; } = UsualResumePrompt;

    internal const string UsualResumePrompt =
        "Your last answer was cut off. Write what is missing of it, from exactly where it ends, even in the middle of a word. Repeat nothing, introduce nothing, and do not mention that it was cut off.";

    /// <summary>Largest request body. Photos and documents come inside it, a third larger than they are.</summary>
    /// <value>32 MiB unless set, in bytes.</value>
    [Range(1024, 256 * 1024 * 1024)]
    public int MaxRequestBytes { get; set; } = 32 * 1024 * 1024;

    /// <summary>Largest answer taken from a provider.</summary>
    /// <value>16 MiB unless set, in bytes.</value>
    [Range(1024, 256 * 1024 * 1024)]
    public int MaxAnswerBytes { get; set; } = 16 * 1024 * 1024;

    /// <summary>Answers kept in the cache, all together; and once more, streams being recorded for it. Read at the start only.</summary>
    /// <value>64 MiB unless set, in bytes.</value>
    [Range(1024 * 1024, int.MaxValue)]
    public int MaxCacheBytes { get; set; } = 64 * 1024 * 1024;

    /// <summary>For one request, all attempts together.</summary>
    /// <value>10 min unless set; more than 0, at most a day.</value>
    public TimeSpan TotalTimeout { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>
    /// Of silence to the caller of a stream, after which it hears a comment (<c>: keep-alive</c>): what stands between ends connections that
    /// are silent for a minute or two. The first comment sends the status 200, so that a failure behind it is told by an error event.
    /// </summary>
    /// <value>15 s unless set; 0 for never.</value>
    public TimeSpan KeepAlive { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>How long a provider may go without a call before it is probed, and then how often; the probe asks for its list of models.</summary>
    /// <value>5 min unless set; 0 for never.</value>
    public TimeSpan ProbeIdleAfter { get; set; } = TimeSpan.FromMinutes(5);
}
