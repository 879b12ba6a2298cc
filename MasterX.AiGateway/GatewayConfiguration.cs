using System.Text.Json;
using MasterX.AiGateway.Limits;
using MasterX.AiGateway.Prices;
using MasterX.AiGateway.Providers;
using MasterX.AiGateway.Routing;
using MasterX.ServiceDefaults.Configuration;
using MasterX.ServiceDefaults.Sharing;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Primitives;

namespace MasterX.AiGateway;

/// <summary>
/// The configuration in force, with the providers and routes made of it. It is replaced as a whole when the configuration changes; a request that has begun
/// ends with the one it began with. A new configuration that is not valid is refused, and the old one stays.
/// </summary>
internal sealed partial class GatewayConfiguration : IDisposable
{
    /// <summary>The settings that are times, wherever they lie in the section.</summary>
    internal static readonly IReadOnlyList<string> Times =
    [
        nameof(GatewayOptions.TotalTimeout), nameof(GatewayOptions.KeepAlive), nameof(GatewayOptions.ProbeIdleAfter), nameof(ProviderOptions.ConnectTimeout),
        nameof(ProviderOptions.FirstByteTimeout), nameof(ProviderOptions.FirstContentTimeout), nameof(ProviderOptions.IdleTimeout), nameof(CircuitOptions.SamplingDuration),
        nameof(CircuitOptions.BreakDuration), nameof(ModelRouteOptions.HedgeAfter), nameof(ModelRouteOptions.Cache),
    ];

    private readonly IConfiguration _configuration;
    private readonly TimeProvider _time;
    private readonly ILogger<GatewayConfiguration> _logger;
    private readonly SharedGate? _shared;
    private readonly SettingsFiles _files;
    private readonly IDisposable _changes;
    private volatile RouteTable _current;

    /// <exception cref="OptionsValidationException">The configuration is not valid.</exception>
    public GatewayConfiguration(IConfiguration configuration, TimeProvider time, ILogger<GatewayConfiguration> logger, SharedLimits? limits = null, SharedNotes? notes = null)
    {
        (_configuration, _time, _logger) = (configuration, time, logger);
        _shared = limits is null || notes is null ? null : new SharedGate(limits, notes);
        _files = new SettingsFiles(configuration, logger);
        _current = new RouteTable(Read(), previous: null, time, _shared);
        if (Options.Token.Length < GatewayOptionsValidator.ShortestToken)
        {
            LogShortToken(_logger, GatewayOptionsValidator.ShortestToken);
        }

        WarnOfKeysInTheClear();
        _changes = ChangeToken.OnChange(configuration.GetReloadToken, Reload);
    }

    public RouteTable Routes => _current;

    public GatewayOptions Options => _current.Options;

    public void Dispose()
    {
        _changes.Dispose();
        _current.Dispose();
    }

    /// <summary>Reads the section <c>Gateway</c>.</summary>
    /// <exception cref="InvalidOperationException">A value is not of its setting's type.</exception>
    internal static GatewayOptions Bind(IConfiguration configuration)
    {
        var section = configuration.GetSection(GatewayOptions.Section);
        var options = new GatewayOptions();
        section.Bind(options);
        options.Routes.Clear();
        foreach (var (name, route) in NamedSections.Of(section.GetSection(nameof(options.Routes)), nameof(ModelRouteOptions.Candidates), nameof(ModelRouteOptions.Weights)))
        {
            options.Routes[name] = route.Get<ModelRouteOptions>()!;
        }

        foreach (var (name, provider) in options.Providers)
        {
            // Names of models, which may have colons.
            provider.Continuations.Clear();
            foreach (var (model, value) in section.GetSection($"{nameof(options.Providers)}:{name}:{nameof(provider.Continuations)}").AsEnumerable(makePathsRelative: true))
            {
                if (value is not null)
                {
                    provider.Continuations[model] = value;
                }
            }
        }

        options.Prices.Clear();
        foreach (var (name, price) in NamedSections.Of(section.GetSection(nameof(options.Prices)), [.. ModelPrice.Sections]))
        {
            options.Prices[name] = price.Get<ModelPrice>()!;
        }

        BuiltInProviders.Apply(options.Providers);
        return options;
    }

    /// <summary>Everything that is wrong with the section <c>Gateway</c>.</summary>
    /// <param name="configuration">The whole configuration.</param>
    /// <param name="options">What it says, if nothing is wrong with it.</param>
    internal static IReadOnlyList<string> FindProblems(IConfiguration configuration, out GatewayOptions options)
    {
        string[] unclear = [.. new BareTimes(configuration, GatewayOptions.Section, Times).FindProblems(), .. FindEmptyPrices(configuration)];
        try
        {
            options = Bind(configuration);
            return [.. unclear, .. new GatewayOptionsValidator().Validate(null, options).Failures ?? [], .. ReadCatalogue(options), .. CheckPricesOf(options)];
        }
        catch (InvalidOperationException unbindable)
        {
            // The binder names the key, and the type it could not convert to.
            options = new();
            return [.. unclear, unbindable.Message];
        }
    }

    /// <summary>Reads the catalogue that is set, if one is.</summary>
    private static IEnumerable<string> ReadCatalogue(GatewayOptions options)
    {
        if (string.IsNullOrEmpty(options.PriceCatalogue))
        {
            return [];
        }

        try
        {
            var catalogue = PriceCatalogue.Read(options.PriceCatalogue);
            options.Use(catalogue);
            string[] problems = [.. CatalogueCheck.FindProblems(catalogue)];
            return problems.Length == 0 ? []
                : [$"Gateway__PriceCatalogue is {options.PriceCatalogue}, which is not valid: {problems[0]} `./masterx prices {options.PriceCatalogue}` tells all {problems.Length} problems."];
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException or JsonException or ArgumentException or NotSupportedException)
        {
            return [$"Gateway__PriceCatalogue is {options.PriceCatalogue}, which cannot be read: {unreadable.Message}"];
        }
    }

    /// <summary>Whose prices a provider's are has to be somebody in the catalogue that is in force.</summary>
    private static IEnumerable<string> CheckPricesOf(GatewayOptions options) =>
        from provider in options.Providers
        where provider.Value.PricesOf is { } set && set != CatalogueNames.None && !options.GetCatalogue().Head.Providers.ContainsKey(set)
        select $"Gateway__Providers__{provider.Key}__PricesOf is '{provider.Value.PricesOf}'; it must be none, or one of {string.Join(", ", options.GetCatalogue().Head.Providers.Keys)}.";

    private static IEnumerable<string> FindEmptyPrices(IConfiguration configuration) =>
        from price in NamedSections.Of(configuration.GetSection($"{GatewayOptions.Section}:{nameof(GatewayOptions.Prices)}"), [.. ModelPrice.Sections])
        where price.Section[nameof(ModelPrice.Input)] is null && price.Section[nameof(ModelPrice.Output)] is null
        select $"Gateway__Prices__{price.Name} has neither Input nor Output. Example: Gateway__Prices__{price.Name}__Input=0.40";

    private GatewayOptions Read()
    {
        var problems = FindProblems(_configuration, out var options);
        return problems.Count == 0 ? options : throw new OptionsValidationException(GatewayOptions.Section, typeof(GatewayOptions), problems);
    }

    private void WarnOfKeysInTheClear()
    {
        foreach (var provider in Routes.Providers)
        {
            if (provider.BaseUrl is { Scheme: "http", IsLoopback: false } && provider.HasSecret)
            {
                LogKeyInTheClear(_logger, provider.Name, provider.BaseUrl.Host);
            }
        }
    }

    private void Reload()
    {
        // Of one that could not be read the problem is logged already.
        if (_files.Unreadable is not null)
        {
            return;
        }

        try
        {
            var before = _current;
            var options = Read();
            if (options.Token.Length == 0)
            {
                LogRefused(_logger, "Gateway__Token is missing.");
                return;
            }

            var after = new RouteTable(options, before, _time, _shared);
            _current = after;
            before.RetireAllBut(after, before.Options.TotalTimeout);
            LogReloaded(_logger, after.Providers.Count);
            WarnOfKeysInTheClear();
        }
        catch (OptionsValidationException invalid)
        {
            LogRefused(_logger, string.Join(" ", invalid.Failures));
        }
    }

    [LoggerMessage(30, LogLevel.Information, "Configuration reloaded: {Providers} providers. Requests under way end with the configuration they began with")]
    private static partial void LogReloaded(ILogger logger, int providers);

    [LoggerMessage(32, LogLevel.Warning, "Gateway__Token is shorter than {Characters} characters and could be guessed; a random string of 32 will do")]
    private static partial void LogShortToken(ILogger logger, int characters);

    [LoggerMessage(
        34, LogLevel.Warning,
        "The key of the provider {Provider} goes to {Host} over http, and can be read on the way; an https address in Gateway__Providers__{Provider}__BaseUrl keeps it secret")]
    private static partial void LogKeyInTheClear(ILogger logger, string provider, string host);

    [LoggerMessage(31, LogLevel.Error, "The new configuration is refused, and the old one stays in force. {Problems}")]
    private static partial void LogRefused(ILogger logger, string problems);
}
