using Microsoft.IdentityModel.Protocols;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;

namespace MasterX.Api.Oidc;

/// <summary>
/// What the authority says of itself, its issuer and its keys: asked for when the first token comes, and every <see cref="Lifetime"/> behind the requests' backs; at once where a token
/// is signed with a key that is not known, so that a change of keys costs no call. Whoever makes tokens up has it asked no more often than every <see cref="Pause"/>. While it does not
/// answer, the keys that are known go on to be good.
/// </summary>
/// <remarks>The library's <c>ConfigurationManager</c> would refuse the first token after a change of keys, and knows no clock but the machine's.</remarks>
internal sealed partial class OidcAuthority : IDisposable
{
    private const string Document = "/.well-known/openid-configuration";
    private const int LargestDocument = 1024 * 1024;

    private static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(5), Pause = TimeSpan.FromSeconds(5), Patience = TimeSpan.FromSeconds(5);

    private readonly HttpClient _http;
    private readonly HttpDocumentRetriever _documents;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Lock _lock = new();
    private volatile Known? _known;
    private volatile string? _problem;
    private long? _asked;
    private Task<OpenIdConnectConfiguration?> _asking = Task.FromResult<OpenIdConnectConfiguration?>(null);

    public OidcAuthority(OidcOptions options, TimeProvider time, ILogger<OidcAuthority> logger)
    {
        (Address, _time, _logger) = (options.Authority, time, logger);
        _http = new HttpClient(new SocketsHttpHandler { PooledConnectionLifetime = Lifetime, UseProxy = !options.Authority.IsLoopback }) { Timeout = Patience, MaxResponseContentBufferSize = LargestDocument };
        _documents = new HttpDocumentRetriever(_http) { RequireHttps = options.Authority.Scheme == Uri.UriSchemeHttps };
    }

    public Uri Address { get; }

    /// <summary>Why it was not understood when it was asked last; <see langword="null"/> when it was.</summary>
    public string? Problem => _problem;

    /// <returns><see langword="null"/> where nothing is known of it, as it does not answer.</returns>
    public async ValueTask<OpenIdConnectConfiguration?> GetAsync(CancellationToken cancellationToken)
    {
        if (_known is not { } known)
        {
            return await AskAsync().WaitAsync(cancellationToken);
        }

        if (_time.GetElapsedTime(known.Read) > Lifetime)
        {
            _ = AskAsync();
        }

        return known.Configuration;
    }

    /// <summary>Asks again, as a token is signed with a key that is not known.</summary>
    public Task<OpenIdConnectConfiguration?> RefreshAsync(CancellationToken cancellationToken) => AskAsync().WaitAsync(cancellationToken);

    public void Dispose() => _http.Dispose();

    /// <summary>One asks for all who want to know.</summary>
    private Task<OpenIdConnectConfiguration?> AskAsync()
    {
        lock (_lock)
        {
            if (_asking.IsCompleted && !(_asked is { } asked && _time.GetElapsedTime(asked) < Pause))
            {
                _asked = _time.GetTimestamp();

                // It belongs to none of those who wait for it.
                using (ExecutionContext.SuppressFlow())
                {
                    _asking = Task.Run(ReadAsync);
                }
            }

            return _asking.IsCompleted ? Task.FromResult(_known?.Configuration) : _asking;
        }
    }

    private async Task<OpenIdConnectConfiguration?> ReadAsync()
    {
        try
        {
            var read = _time.GetTimestamp();
            var found = await OpenIdConnectConfigurationRetriever.GetAsync(Address.AbsoluteUri.TrimEnd('/') + Document, _documents, CancellationToken.None);
            if (string.IsNullOrEmpty(found.Issuer) || found.SigningKeys.Count == 0)
            {
                throw new InvalidOperationException("It names no issuer, or no keys.");
            }

            if (_problem is not null)
            {
                LogWell(_logger, Address);
            }

            _known = new(found, read);
            _problem = null;
        }
        catch (Exception error)
        {
            // The boundary to what is not ours: whatever it answers, keys and those tokens whose issuer is known go on to open.
            if (_problem is null)
            {
                LogAway(_logger, Address, $"{error.Message} {error.GetBaseException().Message}");
            }

            _problem = error.Message;
        }

        return _known?.Configuration;
    }

    [LoggerMessage(70, LogLevel.Warning, "The authority {Address} (Oidc__Authority) does not answer, or not as one: {Problem} Callers with keys are served, those with tokens as long as its keys are known")]
    private static partial void LogAway(ILogger logger, Uri address, string problem);

    [LoggerMessage(71, LogLevel.Information, "The authority {Address} answers again")]
    private static partial void LogWell(ILogger logger, Uri address);

    private sealed record Known(OpenIdConnectConfiguration Configuration, long Read);
}
