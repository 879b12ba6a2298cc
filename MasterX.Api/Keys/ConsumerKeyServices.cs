using System.Security.Claims;
using MasterX.ServiceDefaults.Configuration;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.DataProtection;

namespace MasterX.Api.Keys;

/// <summary>Who may call, and what a caller is known by.</summary>
internal static class ConsumerKeyServices
{
    public static void AddConsumerKeys(this WebApplicationBuilder builder)
    {
        if (!builder.Environment.IsDevelopment())
        {
            builder.AddRequiredSetting(new("MASTERX_ADMIN_KEY", "the first key, with which all others are made", "mx_ and 40 random letters and digits"));
        }

        // The framework tells of every challenge at Information; the request's own line, with its 401, says the same.
        builder.Logging.AddFilter(typeof(ConsumerKeyAuthentication).FullName, LogLevel.Warning);

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

    /// <summary>The id of the caller's key, which owns what the caller makes.</summary>
    public static string KeyId(this ClaimsPrincipal caller) => caller.FindFirstValue(ClaimTypes.NameIdentifier)!;
}
