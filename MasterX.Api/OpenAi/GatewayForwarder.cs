using System.Net;
using System.Net.Http.Headers;
using MasterX.Api.Ai;
using MasterX.Api.Http;
using MasterX.Api.Keys;
using MasterX.Api.Usage;
using MasterX.ServiceDefaults.Http;
using Yarp.ReverseProxy.Forwarder;

namespace MasterX.Api.OpenAi;

/// <summary>
/// Forwards a call to the gateway, unbuffered, and accounts for it. What goes there is what the gateway has to know: never the consumer's key, a cookie, or a header of the way here.
/// </summary>
internal sealed class GatewayForwarder(IHttpForwarder forwarder, GatewayConnections connections, UsageWriter usage, IConfiguration configuration)
{
    private const int BytesPerToken = 4;

    /// <summary>Text packs to about a quarter.</summary>
    private const int PackedBytesPerToken = 1;

    /// <summary>Longer than the gateway's own limits, so that it is the gateway that says what happened.</summary>
    private static readonly ForwarderRequestConfig Config = new() { ActivityTimeout = TimeSpan.FromMinutes(11), Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionOrLower };

    private readonly GatewayTransformer _transformer = new($"Bearer {configuration["Gateway:Token"]}");

    /// <param name="context">The caller's.</param>
    /// <param name="isPaid">Whether a model answers, which has to be accounted for.</param>
    public async Task ForwardAsync(HttpContext context, bool isPaid = true)
    {
        var call = new ForwardedCall { IsPaid = isPaid };
        context.Features.Set(call);
        var error = await forwarder.SendAsync(context, AiServices.GatewayAddress, connections.Invoker, Config, _transformer, context.RequestAborted);
        if (call.Answered)
        {
            Account(context, call);
        }

        if (error == ForwarderError.None || context.Response.HasStarted || context.RequestAborted.IsCancellationRequested)
        {
            // A stream that broke off on the way is cut: a caller takes it for what it is.
            if (error is ForwarderError.ResponseBodyDestination or ForwarderError.ResponseBodyClient or ForwarderError.ResponseBodyCanceled)
            {
                context.Abort();
            }

            return;
        }

        await WriteAsync(context, context.Features.Get<IForwarderErrorFeature>()?.Exception is BadHttpRequestException { StatusCode: var status } ? status : StatusCodes.Status503ServiceUnavailable);
    }

    private static async Task WriteAsync(HttpContext context, int status)
    {
        context.Response.Clear();
        context.Response.StatusCode = status;
        var problem = new ProblemDetailsContext { HttpContext = context, ProblemDetails = { Status = status } };
        if (status == StatusCodes.Status503ServiceUnavailable)
        {
            context.Response.Headers.RetryAfter = "5";
            problem.ProblemDetails.Detail = "The AI gateway cannot be used at the moment. Nothing was generated or charged; try again after the time in Retry-After.";
        }

        await context.RequestServices.GetRequiredService<IProblemDetailsService>().TryWriteAsync(problem);
    }

    private void Account(HttpContext context, ForwardedCall call)
    {
        var bytesPerToken = UnpackedOnly.IsPacked(context.Request) ? PackedBytesPerToken : BytesPerToken;
        var spent = call.Usage ?? call.Stream?.ReadComment() ?? AccountedUsage.Estimate(
            (int)((context.Request.ContentLength ?? bytesPerToken) / bytesPerToken), call.Stream?.Events ?? 0, name => context.Response.Headers[name]);
        usage.Record(context.Consumer().Id, spent.InputTokens, spent.OutputTokens, spent.CostUsd);
    }

    /// <summary>What is learnt of a call while it is forwarded.</summary>
    private sealed class ForwardedCall
    {
        public required bool IsPaid { get; init; }

        /// <summary>Whether a model answers: what has to be accounted.</summary>
        public bool Answered { get; set; }

        /// <summary>As headers or trailers say.</summary>
        public AccountedUsage? Usage { get; set; }

        public StreamUsage? Stream { get; set; }
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
            to.TryAddWithoutValidation("x-masterx-consumer", httpContext.Consumer().Id);
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
                // The gateway does not accept this service's token: no fault of the consumer's.
                await WriteAsync(httpContext, StatusCodes.Status503ServiceUnavailable);
                return false;
            }

            await base.TransformResponseAsync(httpContext, proxyResponse, cancellationToken);
            if (proxyResponse is { StatusCode: HttpStatusCode.OK } && httpContext.Features.GetRequired<ForwardedCall>() is { IsPaid: true } call)
            {
                call.Answered = true;
                call.Usage = AccountedUsage.Of(proxyResponse.Headers);
                if (proxyResponse.Content.Headers.ContentType is MediaTypeHeaderValue { MediaType: "text/event-stream" })
                {
                    call.Stream = StreamUsage.Of(httpContext);
                }
            }

            return true;
        }

        public override ValueTask TransformResponseTrailersAsync(HttpContext httpContext, HttpResponseMessage proxyResponse, CancellationToken cancellationToken)
        {
            var call = httpContext.Features.GetRequired<ForwardedCall>();
            call.Usage ??= AccountedUsage.Of(proxyResponse.TrailingHeaders);
            return base.TransformResponseTrailersAsync(httpContext, proxyResponse, cancellationToken);
        }
    }
}
