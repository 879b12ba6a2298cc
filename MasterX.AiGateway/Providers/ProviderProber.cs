using System.Net;

namespace MasterX.AiGateway.Providers;

/// <summary>
/// Asks providers that nobody has called for a while for their list of models, which costs nothing, so that health tells before a caller does that one is gone or
/// refuses our key. A provider it does not reach is said to be unavailable and tried all the same when its turn comes: a probe is not worth losing an answer for.
/// </summary>
internal sealed partial class ProviderProber(GatewayConfiguration configuration, TimeProvider time, ILogger<ProviderProber> logger) : BackgroundService
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan KeyRefusedPause = TimeSpan.FromSeconds(30);

    /// <summary>While probing is off, a new configuration may turn it on.</summary>
    private static readonly TimeSpan PauseWhileOff = TimeSpan.FromSeconds(30);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (true)
        {
            var idle = configuration.Options.ProbeIdleAfter;
            await Task.Delay(idle > TimeSpan.Zero ? idle / 2 : PauseWhileOff, time, stoppingToken);
            if (idle > TimeSpan.Zero)
            {
                await Task.WhenAll(configuration.Routes.Providers.Where(provider => provider.SilentFor >= idle).Select(provider => ProbeAsync(provider, stoppingToken)));
            }
        }
    }

    private async Task ProbeAsync(Provider provider, CancellationToken stopping)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        limit.CancelAfter(Limit);
        using var request = new HttpRequestMessage(HttpMethod.Get, provider.Format.ModelsUri(provider.BaseUrl)) { Version = HttpVersion.Version11, VersionPolicy = HttpVersionPolicy.RequestVersionOrHigher };
        provider.WriteHeaders(request);
        var before = provider.IsReachable;
        try
        {
            using var response = await provider.Http.SendAsync(request, limit.Token);
            provider.Heard(reachable: (int)response.StatusCode < 500);
            if (response.StatusCode is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden)
            {
                provider.Limits.KeyRefused.Begin(KeyRefusedPause);
                LogKeyRefused(logger, provider.Name);
            }
        }
        catch (Exception error) when (error is HttpRequestException or IOException or ObjectDisposedException || (error is OperationCanceledException && !stopping.IsCancellationRequested))
        {
            // ObjectDisposedException: a new configuration no longer has the provider.
            provider.Heard(reachable: false);
        }

        if (before != provider.IsReachable)
        {
            LogReachable(logger, provider.Name, provider.IsReachable ? "reachable again" : "not reachable");
        }
    }

    [LoggerMessage(32, LogLevel.Warning, "Provider {Provider} is {State}, says the background probe")]
    private static partial void LogReachable(ILogger logger, string provider, string state);

    [LoggerMessage(33, LogLevel.Error, "Provider {Provider} refuses the key of its configuration; set a new one in Gateway__Providers__{Provider}__ApiKey")]
    private static partial void LogKeyRefused(ILogger logger, string provider);
}
