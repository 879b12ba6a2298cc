using Microsoft.AspNetCore.Http.Features;

namespace MasterX.Api.Http;

/// <summary>
/// Refuses a body that says it is larger than <see cref="HttpDefaults.MaxRequestBytes"/> before anything reads it. Kestrel's own limit would close the
/// connection while the client is still sending, and many clients then report a broken pipe instead of the 413; so the rest is read and thrown away,
/// up to <see cref="LargestRead"/>.
/// </summary>
internal sealed class RequestSizeLimit(RequestDelegate next)
{
    /// <summary>Beyond this nothing is read at all, 64 MiB.</summary>
    public const int LargestRead = 64 * 1024 * 1024;

    public Task InvokeAsync(HttpContext context)
    {
        if (context.Request.ContentLength > HttpDefaults.MaxRequestBytes)
        {
            // The problem document comes from the status code pages.
            context.Response.StatusCode = StatusCodes.Status413PayloadTooLarge;
            return Task.CompletedTask;
        }

        // A body of unknown length is counted while it is read.
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit)
        {
            limit.MaxRequestBodySize = HttpDefaults.MaxRequestBytes;
        }

        return next(context);
    }
}
