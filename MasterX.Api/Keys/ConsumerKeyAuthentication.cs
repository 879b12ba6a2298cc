using System.Net;
using System.Security.Claims;
using System.Text.Encodings.Web;
using MasterX.Api.Storage;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Options;

namespace MasterX.Api.Keys;

/// <summary>
/// <c>Authorization: Bearer mx_…</c>. Besides stored keys there are the admin key of <c>MASTERX_ADMIN_KEY</c>,
/// and in Development, for callers on this very machine, <c>mx-dev</c>.
/// </summary>
internal sealed class ConsumerKeyAuthentication(
    IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory loggers, UrlEncoder encoder,
    IKeyStore keys, IConfiguration configuration, IHostEnvironment environment, TimeProvider time)
    : AuthenticationHandler<AuthenticationSchemeOptions>(options, loggers, encoder)
{
    public const string SchemeName = "Bearer";
    public const string DevelopmentKey = "mx-dev";
    public const string ScopeClaim = "scope";
    private const int LongestKey = 256;

    protected override async Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        var header = Request.Headers.Authorization;
        if (header.Count == 0)
        {
            return AuthenticateResult.NoResult();
        }

        if (header.Count > 1 || header[0]?.Split(' ') is not [var scheme, { Length: > 0 and <= LongestKey } key] || !scheme.Equals(SchemeName, StringComparison.OrdinalIgnoreCase))
        {
            return AuthenticateResult.Fail("The Authorization header is not one 'Bearer KEY'.");
        }

        if (key == DevelopmentKey)
        {
            return IsDevelopmentCaller()
                ? Accept("dev", ConsumerScopes.Generate, ConsumerScopes.Admin)
                : AuthenticateResult.Fail("The development key works in Development and from this machine only.");
        }

        var hash = ConsumerKeyHash.Of(key);
        if (configuration["MASTERX_ADMIN_KEY"] is { Length: > 0 } admin && ConsumerKeyHash.AreEqual(hash, ConsumerKeyHash.Of(admin)))
        {
            return Accept("admin", ConsumerScopes.Generate, ConsumerScopes.Admin);
        }

        return await keys.FindByHashAsync(hash, Context.RequestAborted) is { } known && !(known.ExpiresAt <= time.GetUtcNow())
            ? Accept(known.Id, [.. known.Scopes])
            : AuthenticateResult.Fail("The key is unknown or has expired.");
    }

    protected override async Task HandleChallengeAsync(AuthenticationProperties properties)
    {
        var failure = (await HandleAuthenticateOnceAsync()).Failure;
        Response.StatusCode = StatusCodes.Status401Unauthorized;
        Response.Headers.WWWAuthenticate = SchemeName;
        await Context.RequestServices.GetRequiredService<IProblemDetailsService>().TryWriteAsync(new ProblemDetailsContext
        {
            HttpContext = Context,
            ProblemDetails = { Status = StatusCodes.Status401Unauthorized, Detail = failure?.Message },
        });
    }

    /// <summary>From this machine means: over loopback, and not passed on by a proxy that happens to run here.</summary>
    private bool IsDevelopmentCaller() =>
        environment.IsDevelopment()
        && Context.Connection.RemoteIpAddress is { } address && IPAddress.IsLoopback(address)
        && !Request.Headers.ContainsKey("X-Forwarded-For") && !Request.Headers.ContainsKey("Forwarded");

    private static AuthenticateResult Accept(string id, params IEnumerable<string> scopes)
    {
        var identity = new ClaimsIdentity([new Claim(ClaimTypes.NameIdentifier, id), .. scopes.Select(scope => new Claim(ScopeClaim, scope))], SchemeName);
        return AuthenticateResult.Success(new AuthenticationTicket(new ClaimsPrincipal(identity), SchemeName));
    }
}
