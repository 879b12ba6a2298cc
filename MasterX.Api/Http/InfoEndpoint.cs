namespace MasterX.Api.Http;

/// <summary><c>GET /api/</c>: what this is and where to go from here.</summary>
internal static class InfoEndpoint
{
    private static readonly ApiInfo Info = new(
        "MasterX",
        typeof(InfoEndpoint).Assembly.GetName().Version!.ToString(3),
        new Dictionary<string, string>
        {
            ["generate"] = "/api/ai/generate",
            ["generations"] = "/api/ai/generations",
            ["users"] = "/api/users",
            ["keys"] = "/api/keys",
            ["usage"] = "/api/usage",
            ["openai"] = "/v1",
            ["health"] = "/health",
            ["openapi"] = "/openapi/v1.json",
            ["docs"] = "/docs",
        });

    public static void MapInfo(this WebApplication app) =>
        app.MapGet("/api", () => TypedResults.Ok(Info)).AllowAnonymous().WithTags("Info").WithName("getInfo").WithSummary("What this is, and where to go from here");
}

/// <summary>What <c>GET /api/</c> answers.</summary>
/// <param name="Name">MasterX.</param>
/// <param name="Version">Of the build.</param>
/// <param name="Links">By what is found there.</param>
internal sealed record ApiInfo(string Name, string Version, IReadOnlyDictionary<string, string> Links);
