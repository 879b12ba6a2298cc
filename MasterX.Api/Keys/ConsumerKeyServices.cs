using MasterX.Api.Http;
using MasterX.ServiceDefaults.Configuration;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.DataProtection;

namespace MasterX.Api.Keys;

/// <summary>Who may call, what a caller is known by, and how much a caller may ask.</summary>
internal static class ConsumerKeyServices
{
    public static void AddConsumerKeys(this WebApplicationBuilder builder)
    {
        if (!builder.Environment.IsDevelopment())
        {
            builder.AddRequiredSetting(new("MASTERX_ADMIN_KEY", "the first key, with which all others are made", "mx_ and 40 random letters and digits"));
        }

        builder.Services.AddSingleton<IConfigurationRule, AdminKeyRule>();

        // The framework tells of every challenge at Information; the request's own line, with its 401, says the same.
        builder.Logging.AddFilter(typeof(ConsumerKeyAuthentication).FullName, LogLevel.Warning);
        builder.Services.AddSingleton<BuiltInKeys>();
        builder.Services.AddSingleton<ConsumerKeyCache>();
        builder.Services.AddSingleton<FailedKeys>();
        builder.Services.AddSingleton<IConfigurationRule, FailedKeys.Rule>();
        builder.Services.AddSingleton<KeyUses>();
        builder.Services.AddHostedService(services => services.GetRequiredService<KeyUses>());
        builder.Services.AddSingleton<ConsumerLimits>();
        builder.Services.AddRateLimiter(_ => { });
        builder.Services.AddOptions<Microsoft.AspNetCore.RateLimiting.RateLimiterOptions>().Configure<ConsumerLimits>((options, limits) =>
        {
            options.GlobalLimiter = limits;
            options.OnRejected = ConsumerLimits.RefuseAsync;
        });

        // Authentication brings data protection along, which would write keys to disk that nothing here uses.
        builder.Services.AddDataProtection().UseEphemeralDataProtectionProvider();
        builder.Services.AddAuthentication(ConsumerKeyAuthentication.SchemeName)
            .AddScheme<AuthenticationSchemeOptions, ConsumerKeyAuthentication>(ConsumerKeyAuthentication.SchemeName, null);

        // An endpoint nobody thought about is closed, not open.
        builder.Services.AddAuthorizationBuilder()
            .SetFallbackPolicy(new AuthorizationPolicyBuilder().RequireAuthenticatedUser().Build())
            .AddPolicy(ConsumerScopes.Generate, policy => policy.RequireClaim(ConsumerKeyAuthentication.ScopeClaim, ConsumerScopes.Generate, ConsumerScopes.Admin))
            .AddPolicy(ConsumerScopes.Admin, policy => policy.RequireClaim(ConsumerKeyAuthentication.ScopeClaim, ConsumerScopes.Admin));
    }

    /// <summary>Authentication, the limits of each key, authorization: in this order, as each needs what the one before has found.</summary>
    public static void UseConsumerKeys(this WebApplication app)
    {
        app.UseAuthentication();
        app.UseRateLimiter();
        app.UseAuthorization();
    }

    /// <summary>The caller's key. Only where the endpoint requires one.</summary>
    public static ConsumerKey Consumer(this HttpContext context) => context.Caller().Key;

    /// <summary>The caller's key, with its project. Only where the endpoint requires one.</summary>
    public static Consumer Caller(this HttpContext context) => context.Features.GetRequired<Consumer>();

    /// <summary>Whose data the caller sees: that of the key's project, or of the key where it has none; <see langword="null"/>, which is everyone's, for an admin.</summary>
    public static string? Sees(this ConsumerKey key) => key.Scopes.Contains(ConsumerScopes.Admin) ? null : key.OwnerId;

    /// <summary>A key that could be guessed opens everything.</summary>
    private sealed class AdminKeyRule(IConfiguration configuration) : IConfigurationRule
    {
        private const int Shortest = 20;

        public IEnumerable<string> FindProblems() => configuration["MASTERX_ADMIN_KEY"] switch
        {
            { Length: > 0 and < Shortest } => [$"MASTERX_ADMIN_KEY is shorter than {Shortest} characters, and could be guessed; mx_ and 40 random letters and digits will do."],
            { Length: > 256 } => ["MASTERX_ADMIN_KEY is longer than 256 characters."],
            { Length: > 0 } key when key.Any(character => character is <= ' ' or > '~') => ["MASTERX_ADMIN_KEY contains a character that cannot stand in an HTTP header (a space or line end at its end?)."],
            _ => [],
        };
    }
}
