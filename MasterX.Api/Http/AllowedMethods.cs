namespace MasterX.Api.Http;

/// <summary>
/// Answers what a path does not take, with or without a key: 405 with <c>Allow</c>, and <c>OPTIONS</c> with 204 and the same. Routing finds those that are allowed; it does not know
/// that <c>HEAD</c> is, where <c>GET</c> is.
/// </summary>
internal sealed class AllowedMethods(RequestDelegate next)
{
    /// <summary>What routing calls the endpoint that it puts in the place of those that take other methods.</summary>
    private const string Refusing = "405 HTTP Method Not Supported";

    public async Task InvokeAsync(HttpContext context)
    {
        if (context.GetEndpoint() is not { DisplayName: Refusing, RequestDelegate: { } refuse })
        {
            await next(context);
            return;
        }

        await refuse(context);
        var allowed = string.Join(", ", context.Response.Headers.Allow.ToArray());
        context.Response.Headers.Allow = allowed.Replace(HttpMethods.Get, $"{HttpMethods.Get}, {HttpMethods.Head}", StringComparison.Ordinal);
        if (HttpMethods.IsOptions(context.Request.Method))
        {
            context.Response.StatusCode = StatusCodes.Status204NoContent;
        }
    }
}
