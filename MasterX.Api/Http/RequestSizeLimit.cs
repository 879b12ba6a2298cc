using MasterX.Api.OpenAi;
using Microsoft.AspNetCore.Http.Features;

namespace MasterX.Api.Http;

/// <summary>
/// Refuses a body that says it is larger than the limit of its path before anything reads it. Kestrel's own limit would close the
/// connection while the client is still sending, and many clients then report a broken pipe instead of the 413; so the rest is read and thrown away,
/// up to <see cref="LargestRead"/>.
/// </summary>
internal sealed class RequestSizeLimit(RequestDelegate next)
{
    /// <summary>Beyond this nothing is read at all, 64 MiB.</summary>
    public const int LargestRead = 64 * 1024 * 1024;

    /// <summary>Of what is read here, 4 MiB.</summary>
    private const int Largest = 4 * 1024 * 1024;

    /// <summary>Of what is passed on to the gateway, 32 MiB as it has it: photos and documents are in it.</summary>
    private const int LargestForwarded = 32 * 1024 * 1024;

    /// <summary>The largest body a request may have, in bytes.</summary>
    public static int Of(HttpRequest request) => request.Path.StartsWithSegments(OpenAiEndpoints.Prefix) ? LargestForwarded : Largest;

    public Task InvokeAsync(HttpContext context)
    {
        var largest = Of(context.Request);
        if (context.Request.ContentLength > largest)
        {
            // The problem document comes from the status code pages.
            context.Response.StatusCode = StatusCodes.Status413PayloadTooLarge;
            return Task.CompletedTask;
        }

        // A body of unknown length is counted while it is read.
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit)
        {
            limit.MaxRequestBodySize = largest;
        }

        return next(context);
    }
}
