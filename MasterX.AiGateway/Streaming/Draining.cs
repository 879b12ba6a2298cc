using MasterX.AiGateway.Requests;
using MasterX.ServiceDefaults.Startup;

namespace MasterX.AiGateway.Streaming;

/// <summary>
/// The end of the service: new work is refused at once, what runs may finish until shortly before the host's shutdown limit,
/// and what still runs then is told so instead of being cut.
/// </summary>
internal sealed class Draining(ShutdownDeadline deadline)
{
    /// <summary>Left of the host's limit for the last error events to be written.</summary>
    public static readonly TimeSpan Reserve = TimeSpan.FromSeconds(2);

    /// <summary>Cancelled when running work has to come to an end.</summary>
    public CancellationToken Deadline => deadline.Token;

    /// <summary>Answers 503 instead of running <paramref name="endpoint"/> once the service was asked to stop.</summary>
    public RequestDelegate Refuse(RequestDelegate endpoint) => context => deadline.HasBegun ? RefuseAsync(context) : endpoint(context);

    /// <summary>A 503 that says that the service is going.</summary>
    public static Task RefuseAsync(HttpContext context)
    {
        context.Response.Headers.Connection = "close";
        context.Response.Headers.RetryAfter = "1";
        return CallerError.WriteAsync(context, StatusCodes.Status503ServiceUnavailable, "The gateway is shutting down; another instance takes over.", CallerError.Server, "shutting_down");
    }
}
