using System.Globalization;
using System.Net;
using System.Text.Encodings.Web;
using MasterX.Api.Oidc;
using MasterX.ServiceDefaults.Telemetry;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Cors.Infrastructure;
using Microsoft.Extensions.Options;

namespace MasterX.Api.Keys;

/// <summary>
/// A consumer's key, <c>mx_…</c>, as <see cref="PresentedKey"/> reads it. Besides stored keys there are the admin key of <c>MASTERX_ADMIN_KEY</c>,
/// and in Development, for callers on this very machine, <c>mx-dev</c>; and, where an authority is configured, its tokens.
/// </summary>
internal sealed class ConsumerKeyAuthentication(
    IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory loggers, UrlEncoder encoder,
    ConsumerKeyCache keys, BuiltInKeys builtIn, KeyUses uses, FailedKeys failures, IHostEnvironment environment, IOptions<CorsOptions> cors, OidcCallers? oidc = null)
    : AuthenticationHandler<AuthenticationSchemeOptions>(options, loggers, encoder)
{
    public const string SchemeName = "Bearer";
    public const string ScopeClaim = "scope";

    /// <summary>Seconds after which an authority that does not answer is asked again.</summary>
    private const int AuthorityWait = 5;

    /// <summary>What proxies and tunnels add; the last two are left by this service's own reading of the first ones.</summary>
    private static readonly string[] PassedOn = ["X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "Forwarded", "X-Real-IP", "Via", "X-Original-For", "X-Original-Proto"];

    /// <summary>Where the key was not looked for.</summary>
    private TimeSpan? _wait;

    /// <summary>Why a token opens nothing.</summary>
    private OidcOutcome? _refusal;

    protected override async Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        if (!PresentedKey.IsIn(Request.Headers))
        {
            return AuthenticateResult.NoResult();
        }

        if (PresentedKey.Of(Request.Headers) is not { } key)
        {
            return AuthenticateResult.Fail("The Authorization header is not one 'Bearer KEY', or api-key and x-api-key are not one key.");
        }

        if (key == BuiltInKeys.DevelopmentKey)
        {
            return IsDevelopmentCaller()
                ? Accept(builtIn.Development)
                : AuthenticateResult.Fail("The development key works in Development and from this machine only: to localhost, past no proxy, and from no page of another site.");
        }

        var hash = ConsumerKeyHash.Of(key);
        if (builtIn.IsAdmin(hash))
        {
            return Accept(builtIn.Admin);
        }

        if (oidc is not null && PresentedKey.IsToken(key))
        {
            var outcome = await oidc.FindAsync(key, hash, Context.RequestAborted);
            if (outcome.Consumer is { } caller)
            {
                return Accept(caller);
            }

            _refusal = outcome;
            return AuthenticateResult.Fail(outcome.Detail!);
        }

        // What is not well formed is no key of ours; the database is not asked.
        if (!ConsumerKeySecret.IsWellFormed(key))
        {
            return Unknown();
        }

        var address = Context.Connection.RemoteIpAddress;
        if (failures.WaitOf(address, hash) is { } wait)
        {
            _wait = wait;
            return AuthenticateResult.Fail("Too many keys that do not exist came from this address. Come back after the time in Retry-After.");
        }

        if (await keys.FindAsync(hash, Context.RequestAborted) is not { } consumer)
        {
            failures.Failed(address);
            return Unknown();
        }

        if (consumer.IsFirstUse())
        {
            failures.Opened(hash);
            uses.Touch(consumer.Key.Id);
        }

        return Accept(consumer);
    }

    protected override async Task HandleChallengeAsync(AuthenticationProperties properties)
    {
        var failure = (await HandleAuthenticateOnceAsync()).Failure;
        if (_wait is { } wait)
        {
            Response.Headers.RetryAfter = Math.Ceiling(wait.TotalSeconds).ToString(CultureInfo.InvariantCulture);
            await WriteAsync(StatusCodes.Status429TooManyRequests, failure?.Message);
            return;
        }

        if (_refusal is { } refusal)
        {
            await RefuseAsync(refusal);
            return;
        }

        Response.Headers.WWWAuthenticate = SchemeName;
        await WriteAsync(StatusCodes.Status401Unauthorized, failure?.Message);
    }

    protected override Task HandleForbiddenAsync(AuthenticationProperties properties) => WriteAsync(StatusCodes.Status403Forbidden, null);

    /// <summary>Refuses a token, in the terms of RFC 6750.</summary>
    private Task RefuseAsync(OidcOutcome refusal)
    {
        if (refusal.Status == StatusCodes.Status503ServiceUnavailable)
        {
            Response.Headers.RetryAfter = AuthorityWait.ToString(CultureInfo.InvariantCulture);
        }
        else
        {
            // The words of a 403 may have something of the token in them, which is no matter for a header.
            Response.Headers.WWWAuthenticate = refusal.Status == StatusCodes.Status401Unauthorized
                ? $"{SchemeName} error=\"{refusal.Error}\", error_description=\"{refusal.Detail}\""
                : $"{SchemeName} error=\"{refusal.Error}\"";
        }

        return WriteAsync(refusal.Status, refusal.Detail);
    }

    private async Task WriteAsync(int status, string? detail)
    {
        Response.StatusCode = status;
        await Context.RequestServices.GetRequiredService<IProblemDetailsService>().TryWriteAsync(new ProblemDetailsContext
        {
            HttpContext = Context,
            ProblemDetails = { Status = status, Detail = detail },
        });
    }

    /// <summary>
    /// From this machine means: over loopback, by a name of this machine, not passed on by a proxy or tunnel that happens to run here, and not by a page of elsewhere that a browser here
    /// shows, which may have its own name resolved to this machine.
    /// </summary>
    private bool IsDevelopmentCaller() =>
        environment.IsDevelopment()
        && Context.Connection.RemoteIpAddress is { } address && IPAddress.IsLoopback(address)
        && !Array.Exists(PassedOn, Request.Headers.ContainsKey)
        && IsThisMachine(Request.Host.Host)
        && Request.Headers.Origin is var origins && (origins.Count == 0 || (origins is [{ } origin] && IsWelcome(origin)));

    private bool IsWelcome(string origin) =>
        (Uri.TryCreate(origin, UriKind.Absolute, out var site) && IsThisMachine(site.Host)) || cors.Value.GetPolicy(cors.Value.DefaultPolicyName)?.IsOriginAllowed(origin) == true;

    private static bool IsThisMachine(string host) => host is "localhost" or "127.0.0.1" or "[::1]" || host.Equals("localhost", StringComparison.OrdinalIgnoreCase);

    private static AuthenticateResult Unknown() => AuthenticateResult.Fail("The key is unknown, was revoked, or has expired.");

    private AuthenticateResult Accept(Consumer consumer)
    {
        Context.Features.Set(consumer);
        RequestIdentity.Of(Context).KeyId = consumer.Key.Id;
        return AuthenticateResult.Success(new AuthenticationTicket(consumer.Principal, SchemeName));
    }
}
