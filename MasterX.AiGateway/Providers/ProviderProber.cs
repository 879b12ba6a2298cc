using System.Net;
using MasterX.AiGateway.Providers.Classification;
using MasterX.AiGateway.Providers.Credentials;
using MasterX.AiGateway.Providers.Keys;
using MasterX.ServiceDefaults.Compression;

namespace MasterX.AiGateway.Providers;

/// <summary>
/// Asks providers that nobody has called for a while for their list of models, which costs nothing, so that health tells before a caller does that one is gone or
/// refuses our key. A provider it does not reach, or that refuses it, is said to be unavailable and tried all the same when its turn
/// comes: a probe is not worth losing an answer for. One without such a list is not probed.
/// </summary>
internal sealed partial class ProviderProber(GatewayConfiguration configuration, TimeProvider time, ILogger<ProviderProber> logger) : BackgroundService
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);
    private const int LargestError = 8 * 1024;

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
                await Task.WhenAll(configuration.Routes.Providers.Where(provider => provider.SilentFor >= idle && ModelsOf(provider) is not null).Select(provider => ProbeAsync(provider, stoppingToken)));
            }
        }
    }

    private async Task ProbeAsync(Provider provider, CancellationToken stopping)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        limit.CancelAfter(Limit);
        var before = provider.IsReachable;
        try
        {
            // One key that is accepted is enough to work with; a refused one is looked past, and told of.
            var keys = provider.Limits.Keys;
            Verdict? verdict = null;
            for (var i = 0; i < keys.Length && verdict is null or { Fault: Fault.Key }; i++)
            {
                verdict = await AskAsync(provider, keys.Span[i], limit.Token);
                if (verdict.Fault == Fault.Key)
                {
                    LogKeyRefused(logger, provider.Name, keys.Length == 1 ? "ApiKey" : $"ApiKeys__{i}__Key");
                }
            }

            provider.Heard(reachable: verdict is { Circuit: not CircuitSignal.Failed, Fault: not Fault.Key });
        }
        catch (Exception error) when (error is HttpRequestException or IOException or InvalidDataException or CredentialException or ObjectDisposedException || (error is OperationCanceledException && !stopping.IsCancellationRequested))
        {
            // ObjectDisposedException: a new configuration no longer has the provider.
            provider.Heard(reachable: false);
        }

        if (before != provider.IsReachable)
        {
            LogReachable(logger, provider.Name, provider.IsReachable ? "available again" : "not available");
        }
    }

    private static Uri? ModelsOf(Provider provider) => provider.Format.ModelsUri(provider.BaseUrl, provider.Options);

    private async Task<Verdict> AskAsync(Provider provider, ProviderKey key, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, ModelsOf(provider))
        {
            Version = HttpVersion.Version11, VersionPolicy = HttpVersionPolicy.RequestVersionOrHigher,
        };
        await provider.WriteHeadersAsync(request, key, isStream: false, cancellationToken);
        using var response = await provider.Http.SendAsync(request, cancellationToken);
        return response.IsSuccessStatusCode ? Verdicts.Success : await JudgeAsync(provider, response, cancellationToken);
    }

    /// <summary>
    /// By the same table as an answer, but of a model that nobody has configured: a key that may not list models may well use them, and
    /// only one that is refused as such counts.
    /// </summary>
    private async Task<Verdict> JudgeAsync(Provider provider, HttpResponseMessage response, CancellationToken cancellationToken)
    {
        var body = new byte[LargestError];
        await using var stream = await ContentCoding.OpenAsync(response.Content, cancellationToken);
        var length = await stream.ReadAtLeastAsync(body, body.Length, throwOnEndOfStream: false, cancellationToken);
        var error = ErrorBody.Read(body.AsMemory(0, length), time.GetUtcNow());
        return provider.Format.Errors.Judge((int)response.StatusCode, error, modelIsKnown: false);
    }

    [LoggerMessage(32, LogLevel.Warning, "Provider {Provider} is {State}, says the background probe")]
    private static partial void LogReachable(ILogger logger, string provider, string state);

    [LoggerMessage(33, LogLevel.Error, "Provider {Provider} refuses the key of its configuration; set a new one in Gateway__Providers__{Provider}__{Setting}")]
    private static partial void LogKeyRefused(ILogger logger, string provider, string setting);
}
