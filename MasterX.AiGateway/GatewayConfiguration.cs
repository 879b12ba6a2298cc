using MasterX.AiGateway.Providers;
using MasterX.AiGateway.Routing;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Primitives;

namespace MasterX.AiGateway;

/// <summary>
/// The configuration in force, with the providers and routes made of it. It is replaced as a whole when the configuration changes; a request that has begun
/// ends with the one it began with. A new configuration that is not valid is refused, and the old one stays.
/// </summary>
internal sealed partial class GatewayConfiguration : IDisposable
{
    private readonly IConfiguration _configuration;
    private readonly TimeProvider _time;
    private readonly ILogger<GatewayConfiguration> _logger;
    private readonly GatewayOptionsValidator _validator = new();
    private readonly IDisposable _changes;
    private volatile RouteTable _current;

    /// <exception cref="OptionsValidationException">The configuration is not valid.</exception>
    public GatewayConfiguration(IConfiguration configuration, TimeProvider time, ILogger<GatewayConfiguration> logger)
    {
        (_configuration, _time, _logger) = (configuration, time, logger);
        _current = new RouteTable(Read(), previous: null, time);
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

    /// <summary>Reads the section <c>Gateway</c> and checks it.</summary>
    internal static GatewayOptions Bind(IConfiguration configuration)
    {
        var options = new GatewayOptions();
        configuration.GetSection(GatewayOptions.Section).Bind(options);
        BuiltInProviders.Apply(options.Providers);
        return options;
    }

    private GatewayOptions Read()
    {
        var options = Bind(_configuration);
        var result = _validator.Validate(null, options);
        return result.Failed ? throw new OptionsValidationException(GatewayOptions.Section, typeof(GatewayOptions), result.Failures) : options;
    }

    private void WarnOfKeysInTheClear()
    {
        foreach (var provider in Routes.Providers)
        {
            if (provider.BaseUrl is { Scheme: "http", IsLoopback: false } && !string.IsNullOrEmpty(provider.Options.ApiKey))
            {
                LogKeyInTheClear(_logger, provider.Name, provider.BaseUrl.Host);
            }
        }
    }

    private void Reload()
    {
        try
        {
            var before = _current;
            var after = new RouteTable(Read(), before, _time);
            _current = after;
            before.RetireAllBut(after, before.Options.TotalTimeout);
            LogReloaded(_logger, after.Providers.Count);
            WarnOfKeysInTheClear();
        }
        catch (Exception invalid) when (invalid is OptionsValidationException or InvalidOperationException)
        {
            LogRefused(_logger, invalid is OptionsValidationException { Failures: var failures } ? string.Join(" ", failures) : invalid.Message);
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
