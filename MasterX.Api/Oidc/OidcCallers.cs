using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using MasterX.Api.Keys;
using MasterX.Api.Projects;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using Microsoft.IdentityModel.Tokens;

namespace MasterX.Api.Oidc;

/// <summary>
/// Callers by a token (JWT) of the authority. Such a caller is to everything behind this as one with a key of its project: it has an id, <c>oidc:</c> and a hash of issuer and subject,
/// which stays from token to token. Only tokens that are good are remembered, as keys are, for a few seconds.
/// </summary>
internal sealed class OidcCallers(OidcAuthority authority, OidcOptions options, ConsumerKeyCache cache, IProjectStore projects, TimeProvider time)
{
    private const string InvalidToken = "invalid_token", InsufficientScope = "insufficient_scope", IdPrefix = "oidc:";
    private const int IdBytes = 16, LongestShown = 100;

    /// <summary>By which clocks may differ.</summary>
    private static readonly TimeSpan Skew = TimeSpan.FromSeconds(30);

    /// <summary>Signatures of a private key alone: neither none, nor those that whoever checks could have made.</summary>
    private static readonly string[] Algorithms =
    [
        SecurityAlgorithms.RsaSha256, SecurityAlgorithms.RsaSha384, SecurityAlgorithms.RsaSha512, SecurityAlgorithms.RsaSsaPssSha256, SecurityAlgorithms.RsaSsaPssSha384, SecurityAlgorithms.RsaSsaPssSha512,
        SecurityAlgorithms.EcdsaSha256, SecurityAlgorithms.EcdsaSha384, SecurityAlgorithms.EcdsaSha512,
    ];

    private readonly JsonWebTokenHandler _tokens = new() { MapInboundClaims = false };

    /// <param name="token">As it was presented.</param>
    /// <param name="hash">Its hash.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async ValueTask<OidcOutcome> FindAsync(string token, ConsumerKeyHash hash, CancellationToken cancellationToken)
    {
        if (cache.Known(hash) is { } known)
        {
            return new(known);
        }

        var read = time.GetTimestamp();
        if (await authority.GetAsync(cancellationToken) is not { } configuration)
        {
            return new(
                StatusCodes.Status503ServiceUnavailable, null,
                $"The token cannot be checked: {authority.Address} (Oidc__Authority), which has issued it, does not answer, and its keys are not known yet. Come back later; callers with keys are served.");
        }

        var result = await ValidateAsync(token, configuration);
        if (result.Exception is SecurityTokenSignatureKeyNotFoundException && await authority.RefreshAsync(cancellationToken) is { } newer && newer != configuration)
        {
            configuration = newer;
            result = await ValidateAsync(token, configuration);
        }

        if (!result.IsValid)
        {
            return new(StatusCodes.Status401Unauthorized, InvalidToken, Describe(result.Exception));
        }

        var jwt = (JsonWebToken)result.SecurityToken;
        using var payload = JsonDocument.Parse(Base64UrlEncoder.DecodeBytes(jwt.EncodedPayload));
        var outcome = await AcceptAsync(payload.RootElement, configuration.Issuer, new DateTimeOffset(jwt.ValidTo, TimeSpan.Zero), cancellationToken);
        if (outcome.Consumer is { } consumer)
        {
            cache.Remember(hash, consumer, read);
        }

        return outcome;
    }

    private Task<TokenValidationResult> ValidateAsync(string token, OpenIdConnectConfiguration configuration) => _tokens.ValidateTokenAsync(token, new TokenValidationParameters
    {
        ValidIssuer = configuration.Issuer,
        ValidAudiences = options.Audiences,
        IssuerSigningKeys = configuration.SigningKeys,
        ValidAlgorithms = Algorithms,
        LifetimeValidator = (from, until, _, _) => IsNow(from, until),
    });

    private bool IsNow(DateTime? from, DateTime? until)
    {
        var now = time.GetUtcNow().UtcDateTime;
        return until is { } end && now - Skew < end && !(from > now + Skew);
    }

    /// <summary>What the claims of a good token allow.</summary>
    private async Task<OidcOutcome> AcceptAsync(JsonElement payload, string issuer, DateTimeOffset until, CancellationToken cancellationToken)
    {
        if (OidcClaims.Text(payload, "sub") is not { Length: > 0 } subject)
        {
            return new(StatusCodes.Status401Unauthorized, InvalidToken, "The token names nobody: it has no sub.");
        }

        string[] scopes = [.. options.ScopeClaims.SelectMany(claim => OidcClaims.Words(payload, claim)).Select(options.Scopes.GetValueOrDefault).OfType<string>().Distinct()];
        if (scopes.Length == 0)
        {
            return Forbidden($"The token allows nothing here: none of {string.Join(", ", options.Scopes.Keys)} is in its {string.Join(" or ", options.ScopeClaims)}.");
        }

        var (project, problem) = await ProjectOfAsync(payload, cancellationToken);
        if (project is null && !scopes.Contains(ConsumerScopes.Admin))
        {
            return Forbidden(problem!);
        }

        return new(ConsumerKeyCache.Of(
            new ConsumerKey
            {
                Id = IdOf(issuer, subject),
                Hash = "",
                Preview = "",
                Name = OidcClaims.NameOf(payload),
                Scopes = scopes,
                ProjectId = project?.Id,
                CreatedAt = Storage.Identifier.Now(time),
                ExpiresAt = until + Skew,
                RequestsPerMinute = options.RequestsPerMinute,
                MaxConcurrency = options.MaxConcurrency,
                DailyBudgetUsd = options.DailyBudgetUsd,
                MonthlyBudgetUsd = options.MonthlyBudgetUsd,
            },
            project));
    }

    /// <summary>Of a claim with several values, as groups are, those count that mean a project; of these there has to be one.</summary>
    private async Task<(Project? Project, string? Problem)> ProjectOfAsync(JsonElement payload, CancellationToken cancellationToken)
    {
        string[] values = [.. OidcClaims.Words(payload, options.ProjectClaim)];
        string[] ids = [.. values.Select(value => options.Projects.GetValueOrDefault(value) ?? (Project.Owns(value) ? value : null)).OfType<string>().Distinct()];
        return ids switch
        {
            [] when values.Length == 0 => (null, $"The token names no project: it has no claim {options.ProjectClaim} (Oidc__ProjectClaim)."),
            [] => (null, $"The token names no project: {options.ProjectClaim} is '{Short(string.Join(' ', values))}', which is no project's id, and no setting Oidc__Projects__VALUE says which it is."),
            [var id] => await projects.FindAsync(id, cancellationToken) is { IsClosing: false } project
                ? (project, null)
                : (null, $"The token's project, '{Short(id)}', does not exist, or is being deleted."),
            _ => (null, $"The token names several projects: {Short(string.Join(", ", ids))}. A caller has one."),
        };
    }

    private static OidcOutcome Forbidden(string detail) => new(StatusCodes.Status403Forbidden, InsufficientScope, detail);

    private static string Short(string text) => text.Length <= LongestShown ? text : text[..LongestShown] + "…";

    private static string IdOf(string issuer, string subject) => IdPrefix + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{issuer}\n{subject}")).AsSpan(0, IdBytes));

    /// <summary>In words that can stand in a header, and have nothing of the token in them.</summary>
    private static string Describe(Exception? error) => error switch
    {
        SecurityTokenInvalidLifetimeException or SecurityTokenExpiredException or SecurityTokenNotYetValidException => "The token has expired, or is not valid yet.",
        SecurityTokenInvalidAudienceException => "The token is for another service: its aud is not the one of Oidc__Audience.",
        SecurityTokenInvalidIssuerException => "The token was issued by another than the authority of this service.",
        SecurityTokenInvalidAlgorithmException => "The token is signed in a way that is not accepted: RS, PS and ES are.",
        SecurityTokenSignatureKeyNotFoundException => "The token is not signed with a key of the authority.",
        _ => "The token is no JWT of the authority, or was changed.",
    };
}

/// <summary>How it went with a token.</summary>
/// <param name="Consumer">The caller; <see langword="null"/> when it is refused.</param>
/// <param name="Status">HTTP status of the refusal.</param>
/// <param name="Error">Its name in RFC 6750; <see langword="null"/> for none.</param>
/// <param name="Detail">What is wrong, and what to do.</param>
internal sealed record OidcOutcome(Consumer? Consumer, int Status, string? Error, string? Detail)
{
    public OidcOutcome(Consumer consumer)
        : this(consumer, StatusCodes.Status200OK, null, null)
    {
    }

    public OidcOutcome(int status, string? error, string detail)
        : this(null, status, error, detail)
    {
    }
}
