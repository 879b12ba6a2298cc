using MasterX.ServiceDefaults.Configuration;

namespace MasterX.Api.Http;

/// <summary>
/// Browsers of other origins: exact ones from <c>CORS_ORIGINS</c>, separated by commas; without it none gets in. A listed origin may send whatever header its client likes to (<c>x-stainless-*</c>,
/// <c>anthropic-*</c>, <c>openai-*</c>, <c>x-masterx-*</c>): nothing here goes by a header but the key, and cookies are not taken.
/// </summary>
internal static class CrossOrigin
{
    private const string Setting = "CORS_ORIGINS", None = "none";

    private static readonly TimeSpan PreflightAge = TimeSpan.FromMinutes(10);

    /// <summary>Headers of answers that a script may read; CORS has no wildcard for names that begin alike.</summary>
    private static readonly string[] Exposed =
    [
        "ETag", "Location", "Allow", "Retry-After", "Idempotency-Replayed", "RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset", "WWW-Authenticate", "Accept-Encoding", "x-should-retry", "request-id", "x-request-id",
        "x-masterx-provider", "x-masterx-model", "x-masterx-attempts", "x-masterx-attempt-list", "x-masterx-cached", "x-masterx-ignored", "x-masterx-tokens-in", "x-masterx-tokens-out",
        "x-masterx-tokens-estimated", "x-masterx-cost-usd", "x-masterx-budget-left-usd",
    ];

    public static void AddCrossOrigin(this WebApplicationBuilder builder)
    {
        if (!builder.Environment.IsDevelopment())
        {
            builder.AddRequiredSetting(new(Setting, "the exact origins whose browsers may call the API, separated by commas, or 'none'", "https://app.example.com"));
        }

        var origins = (builder.Configuration[Setting] ?? None)
            .Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .Where(origin => origin is not None)
            .ToArray();
        builder.Services.AddSingleton<IConfigurationRule>(new CorsOriginsRule(origins));
        builder.Services.AddCors(cors => cors.AddDefaultPolicy(policy => policy
            .WithOrigins([.. origins.Where(CorsOriginsRule.IsOrigin)])
            .WithMethods("GET", "HEAD", "POST", "PATCH", "DELETE")
            .AllowAnyHeader()
            .WithExposedHeaders(Exposed)
            .SetPreflightMaxAge(PreflightAge)));
    }
}
