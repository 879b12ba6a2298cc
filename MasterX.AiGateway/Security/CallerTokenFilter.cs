using MasterX.AiGateway.Requests;

namespace MasterX.AiGateway.Security;

/// <summary>Puts the token check in front of endpoints.</summary>
internal static class CallerTokenFilter
{
    /// <summary>Answers 401 in OpenAI's form instead of running <paramref name="endpoint"/> when the token is missing or wrong.</summary>
    public static RequestDelegate Guard(this Lazy<CallerToken> token, RequestDelegate endpoint) => context =>
        token.Value.IsPresentedBy(context.Request) ? endpoint(context) : RefuseAsync(context);

    private static Task RefuseAsync(HttpContext context)
    {
        context.Response.Headers.WWWAuthenticate = "Bearer";
        return CallerError.WriteAsync(
            context, StatusCodes.Status401Unauthorized,
            "The token is missing or not the gateway's. Send it as 'Authorization: Bearer TOKEN', or as api-key or x-api-key; it is the gateway's setting Gateway__Token.",
            CallerError.InvalidRequest, "invalid_api_key");
    }
}
