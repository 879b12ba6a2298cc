using System.Net;
using System.Net.Http.Headers;
using MasterX.Api.Ai;
using MasterX.Api.Anthropic;
using MasterX.Api.Calls;
using MasterX.Api.Http;
using MasterX.Api.Idempotency;
using MasterX.Api.Keys;
using MasterX.Api.Users;
using MasterX.ServiceDefaults.Http;
using MasterX.ServiceDefaults.Startup;
using MasterX.ServiceDefaults.Telemetry;
using Yarp.ReverseProxy.Forwarder;

namespace MasterX.Api.OpenAi;

/// <summary>
/// Forwards a call to the gateway, unbuffered, and accounts for it. What goes there is what the gateway has to know: never the consumer's key, a cookie, or a header of the way here.
/// </summary>
internal sealed class GatewayForwarder(IHttpForwarder forwarder, GatewayConnections connections, CallBook book, CallCollector collector, UserErasure erasure, ShutdownDeadline deadline, IConfiguration configuration)
{
    /// <summary>Longer than the gateway's own limits, so that it is the gateway that says what happened.</summary>
    private static readonly ForwarderRequestConfig Config = new() { ActivityTimeout = TimeSpan.FromMinutes(11), Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionOrLower };

    private readonly GatewayTransformer _transformer = new($"Bearer {configuration["Gateway:Token"]}");

    /// <param name="context">The caller's.</param>
    /// <param name="paid">The call that is paid for; <see langword="null"/> for one that costs nothing.</param>
    /// <param name="kept">What becomes a generation of it; <see langword="null"/> for nothing.</param>
    public async Task ForwardAsync(HttpContext context, Call? paid = null, KeptCall? kept = null)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, deadline.Token);
        using var call = new ForwardedCall { Paid = paid, Kept = kept, Ending = ending };
        context.Features.Set(call);
        ForwarderError error;
        try
        {
            error = await forwarder.SendAsync(context, AiServices.GatewayAddress, connections.Invoker, Config, _transformer, ending.Token);
        }
        catch when (paid is not null)
        {
            // Whatever has become of it, it is booked.
            collector.Collect(paid, call.Heard?.Count ?? 0, generation: kept?.End(hasBrokenOff: true));
            throw;
        }

        if (paid is not null)
        {
            Book(context, paid, call, error);
        }

        if (error != ForwarderError.None)
        {
            context.MayEndOtherwise();
        }

        if (error != ForwarderError.None && call.Heard is not null && deadline.Token.IsCancellationRequested && !context.RequestAborted.IsCancellationRequested)
        {
            await WriteShutdownAsync(context);
            return;
        }

        var hasBrokenOff = error is ForwarderError.ResponseBodyDestination or ForwarderError.ResponseBodyClient or ForwarderError.ResponseBodyCanceled;
        if (error == ForwarderError.None || hasBrokenOff || context.Response.HasStarted || context.RequestAborted.IsCancellationRequested)
        {
            // An answer that broke off on the way is cut: a caller takes it for what it is. Of one that was held back, and is not wanted any more, nothing is there.
            if (hasBrokenOff && (context.Response.HasStarted || !context.RequestAborted.IsCancellationRequested))
            {
                context.Abort();
            }

            return;
        }

        await WriteAsync(context, context.Features.Get<IForwarderErrorFeature>()?.Exception is BadHttpRequestException { StatusCode: var status } ? status : StatusCodes.Status503ServiceUnavailable);
    }

    /// <summary>Tells the caller of a stream that it breaks off; no end mark follows, so that nobody takes it for whole.</summary>
    private static Task WriteShutdownAsync(HttpContext context)
    {
        const string Message = "The answer broke off: the service is shutting down. Another instance takes over.";

        // The event before may have been cut.
        var text = AnthropicEndpoints.IsSpokenBy(context.Request)
            ? $"\n\nevent: error\ndata: {{\"type\":\"error\",\"error\":{{\"type\":\"api_error\",\"message\":\"{Message}\"}}}}\n\n"
            : $"\n\ndata: {{\"error\":{{\"message\":\"{Message}\",\"type\":\"server_error\",\"param\":null,\"code\":\"shutting_down\"}}}}\n\n";
        return context.Response.WriteAsync(text, context.RequestAborted);
    }

    private static async Task WriteAsync(HttpContext context, int status)
    {
        context.Response.Clear();
        context.Response.StatusCode = status;
        var problem = new ProblemDetailsContext { HttpContext = context, ProblemDetails = { Status = status } };
        if (status == StatusCodes.Status503ServiceUnavailable)
        {
            context.Response.Headers.RetryAfter = "5";
            problem.ProblemDetails.Detail = "The AI gateway cannot be used at the moment. Try again after the time in Retry-After; what a model had been paid for by then, if anything, is in your usage.";
        }

        await context.RequestServices.GetRequiredService<IProblemDetailsService>().TryWriteAsync(problem);
    }

    /// <summary>Has the call booked: by what the answer says, or by what the gateway says when it is asked.</summary>
    private void Book(HttpContext context, Call paid, ForwardedCall call, ForwarderError error)
    {
        var cached = call.Cached is var (provider, model) ? Spending.OfCache(provider, model) : null;
        var generation = call.Kept?.End(hasBrokenOff: error != ForwarderError.None);
        if (call.Spent is { } told)
        {
            IReadOnlyList<Spending> spent = told.Count == 0 && cached is not null ? [cached] : told;
            book.Settle(new Settlement(paid, spent, CallState.Settled, generation?.Booked(spent), erasure.KeepsNumbers));
        }
        else if (error == ForwarderError.Request && GatewayUnavailableException.IsBeforeIt(context.Features.Get<IForwarderErrorFeature>()?.Exception))
        {
            book.Settle(new Settlement(paid, []));
        }
        else
        {
            collector.Collect(paid, call.Heard?.Count ?? 0, cached, generation);
        }
    }

    /// <summary>What is learnt of a call while it is forwarded.</summary>
    private sealed class ForwardedCall : IDisposable
    {
        /// <summary>Ends the call when its caller leaves, where it did not already.</summary>
        private CancellationTokenRegistration _leaving;

        public required Call? Paid { get; init; }

        public required KeptCall? Kept { get; init; }

        /// <summary>What each attempt has spent, as the answer says; <see langword="null"/> where it does not.</summary>
        public IReadOnlyList<Spending>? Spent { get; set; }

        /// <summary>Who had given the answer that came from the gateway's cache.</summary>
        public (string Provider, string Model)? Cached { get; set; }

        public HeardEvents? Heard { get; set; }

        public required CancellationTokenSource Ending { get; init; }

        /// <summary>A stream that its caller does not hear is of no use to anybody, though the request may come again.</summary>
        public void EndWithCaller(HttpContext context) => _leaving = context.EndWithCaller().Register(static ending => ((CancellationTokenSource)ending!).Cancel(), Ending);

        public void Dispose() => _leaving.Dispose();
    }

    private sealed class GatewayTransformer(string authorization) : HttpTransformer
    {
        /// <summary>Headers of a caller that mean something to the gateway.</summary>
        private static readonly string[] Passed = ["Accept", "User-Agent", "x-masterx-cache", "anthropic-version", "anthropic-beta"];

        public override ValueTask TransformRequestAsync(HttpContext httpContext, HttpRequestMessage proxyRequest, string destinationPrefix, CancellationToken cancellationToken)
        {
            var (from, to) = (httpContext.Request.Headers, proxyRequest.Headers);
            foreach (var name in Passed)
            {
                if (from.TryGetValue(name, out var values))
                {
                    to.TryAddWithoutValidation(name, values.AsEnumerable());
                }
            }

            if (proxyRequest.Content is { } content)
            {
                content.Headers.TryAddWithoutValidation("Content-Type", from.ContentType.AsEnumerable());
                content.Headers.TryAddWithoutValidation("Content-Encoding", from.ContentEncoding.AsEnumerable());
                content.Headers.ContentLength = httpContext.Request.ContentLength;
            }

            to.TryAddWithoutValidation("Authorization", authorization);
            to.TryAddWithoutValidation("x-masterx-consumer", httpContext.Consumer().OwnerId);
            if (RequestIdentity.Of(httpContext).TraceParent is { } parent)
            {
                to.TryAddWithoutValidation("traceparent", parent);
            }

            if (httpContext.Features.GetRequired<ForwardedCall>().Paid is { Id: var call })
            {
                to.TryAddWithoutValidation(GatewayCalls.CallHeader, call);
            }

            if (httpContext.GetEndpoint() is RouteEndpoint { RoutePattern.RawText: { } template })
            {
                // The gateway's paths are those of this API.
                proxyRequest.WithUrlTemplate(template);
            }

            proxyRequest.RequestUri = RequestUtilities.MakeDestinationAddress(destinationPrefix, httpContext.Request.Path, httpContext.Request.QueryString);
            return ValueTask.CompletedTask;
        }

        public override async ValueTask<bool> TransformResponseAsync(HttpContext httpContext, HttpResponseMessage? proxyResponse, CancellationToken cancellationToken)
        {
            if (proxyResponse?.StatusCode is HttpStatusCode.Unauthorized)
            {
                // The gateway does not accept this service's token: no fault of the consumer's, and nobody was asked.
                httpContext.Features.GetRequired<ForwardedCall>().Spent = [];
                await WriteAsync(httpContext, StatusCodes.Status503ServiceUnavailable);
                return false;
            }

            await base.TransformResponseAsync(httpContext, proxyResponse, cancellationToken);
            if (proxyResponse is not null && httpContext.Features.GetRequired<ForwardedCall>() is { Paid: not null } call)
            {
                Note(httpContext, proxyResponse, call);
            }

            return true;
        }

        private static void Note(HttpContext context, HttpResponseMessage answer, ForwardedCall call)
        {
            // Between the two services alone.
            context.Response.Headers.Remove(GatewayCalls.SpentHeader);
            call.Spent = GatewayCalls.Parse(GatewayClient.Header(answer, GatewayCalls.SpentHeader));
            if (answer.StatusCode != HttpStatusCode.OK)
            {
                // Refused before anybody was asked, where it does not say otherwise.
                call.Spent ??= [];
                return;
            }

            if (GatewayClient.Header(answer, "x-masterx-cached") == "true")
            {
                call.Cached = (GatewayClient.Header(answer, "x-masterx-provider") ?? "unknown", GatewayClient.Header(answer, "x-masterx-model") ?? "unknown");
            }

            var isStream = answer.Content.Headers.ContentType is MediaTypeHeaderValue { MediaType: "text/event-stream" };
            call.Kept?.Hear(answer, isStream);
            if (isStream)
            {
                call.Heard = HeardEvents.Of(context);
                call.EndWithCaller(context);
            }
        }
    }
}
