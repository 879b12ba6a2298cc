using MasterX.Api.Keys;

namespace MasterX.Api.Http;

/// <summary>
/// Headers that keep browsers from doing with an answer what it is not meant for (<see href="https://cheatsheetseries.owasp.org/cheatsheets/HTTP_Headers_Cheat_Sheet.html"/>).
/// </summary>
internal sealed class SecurityHeaders(RequestDelegate next)
{
    /// <summary>An API has nothing to run, to show or to frame.</summary>
    private const string Policy = "default-src 'none'; frame-ancestors 'none'";

    /// <summary>The page to try it out is one script with its styles, from here, which calls this API.</summary>
    private const string PagePolicy = "default-src 'none'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    public Task InvokeAsync(HttpContext context)
    {
        // When the answer starts: whoever answers with an error begins by clearing all headers.
        context.Response.OnStarting(static context => AddAsync((HttpContext)context), context);
        return next(context);
    }

    private static Task AddAsync(HttpContext context)
    {
        var headers = context.Response.Headers;
        headers.XContentTypeOptions = "nosniff";
        headers.XFrameOptions = "DENY";
        headers.ContentSecurityPolicy = context.Request.Path.StartsWithSegments(HttpDefaults.DocsPath) ? PagePolicy : Policy;
        headers["Referrer-Policy"] = "no-referrer";
        headers["Cross-Origin-Resource-Policy"] = "same-site";
        if (PresentedKey.IsIn(context.Request.Headers))
        {
            // What one key sees must not be kept by what lies between, to be shown to another.
            headers.CacheControl = "no-store";
        }

        return Task.CompletedTask;
    }
}
