using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Http.Resilience;
using Polly;

namespace MasterX.ServiceDefaults.Resilience;

/// <summary>
/// Resilience of outgoing HTTP calls. The standard handler retries every method and ends every attempt after 10 s; a repeated POST
/// can be a second order, and a language model takes longer than 10 s (microsoft/aspire#9419, dotnet/extensions#6331). So here:
/// every client retries safe methods only, and a client that calls a model opts into <see cref="AddModelCallResilience"/>, which never retries.
/// </summary>
public static class ResilienceExtensions
{
    /// <summary>Total time of a call to a model, unless configured otherwise.</summary>
    public static readonly TimeSpan ModelCallTimeout = TimeSpan.FromMinutes(5);

    /// <summary>For calls that a language model answers: no retry, no attempt limit of seconds, a total limit, and a circuit breaker.</summary>
    /// <param name="http">The client.</param>
    /// <param name="totalTimeout">From sending to the end of the response headers; <see cref="ModelCallTimeout"/> unless given.</param>
    public static IHttpClientBuilder AddModelCallResilience(this IHttpClientBuilder http, TimeSpan? totalTimeout = null)
    {
#pragma warning disable EXTEXP0001 // The one way to leave out the defaults that ConfigureHttpClientDefaults gave this client.
        http.RemoveAllResilienceHandlers();
#pragma warning restore EXTEXP0001
        http.ConfigureHttpClient(client => client.Timeout = Timeout.InfiniteTimeSpan);
        http.AddResilienceHandler("model-call", pipeline => pipeline
            .AddCircuitBreaker(new HttpCircuitBreakerStrategyOptions
            {
                SamplingDuration = TimeSpan.FromSeconds(30),
                MinimumThroughput = 20,

                // An answer, even one that says 503, shows that the callee is there; only a callee that cannot be reached opens the circuit.
                ShouldHandle = static outcome => ValueTask.FromResult(outcome.Outcome.Exception is HttpRequestException),
            })
            .AddTimeout(totalTimeout ?? ModelCallTimeout));
        return http;
    }

    internal static void AddSafeResilience(this IHttpClientBuilder http) =>
        http.AddStandardResilienceHandler(options => options.Retry.DisableForUnsafeHttpMethods());
}
