using System.Globalization;
using MasterX.AiGateway.Routing;
using MasterX.AiGateway.Telemetry;

namespace MasterX.AiGateway.Chat;

/// <summary>
/// Step (8): what an answer cost and who gave it, in headers, so that callers account without parsing bodies:
/// <c>x-masterx-provider</c>, <c>-model</c>, <c>-attempts</c> (a number), <c>-attempt-list</c>, <c>-cached</c>, <c>-tokens-in</c>, <c>-tokens-out</c>, <c>-cost-usd</c>.
/// </summary>
internal sealed class ChatAccounting(PriceList prices, GatewayMetrics metrics)
{
    /// <summary>
    /// The attempts as a structured-field list (RFC 9651): <c>gemini;model="m";outcome=provider_failed;status=503;ms=12, groq;model="n";outcome=success;status=200;ms=340</c>.
    /// </summary>
    public static void WriteAttempts(HttpResponse response, ChatResult result)
    {
        response.Headers["x-masterx-attempts"] = result.Attempts.Count.ToString(CultureInfo.InvariantCulture);
        response.Headers["x-masterx-attempt-list"] = string.Join(", ", result.Attempts.Select(Format));
    }

    public void WriteAnswer(HttpResponse response, ModelRoute route, AcceptedAnswer answer, bool cached)
    {
        response.Headers["x-masterx-provider"] = answer.Provider;
        response.Headers["x-masterx-model"] = answer.Model;
        response.Headers["x-masterx-cached"] = cached ? "true" : "false";
        if (answer.Usage is not { } usage)
        {
            return;
        }

        response.Headers["x-masterx-tokens-in"] = usage.Input.ToString(CultureInfo.InvariantCulture);
        response.Headers["x-masterx-tokens-out"] = usage.Output.ToString(CultureInfo.InvariantCulture);

        // An answer from the cache was paid for when it was made.
        var candidate = route.Candidates.FirstOrDefault(candidate => candidate.Provider.Name == answer.Provider && candidate.Model == answer.Model);
        var cost = cached ? 0 : candidate is null ? null : prices.CostOf(candidate, usage);
        if (cost is { } dollars)
        {
            response.Headers["x-masterx-cost-usd"] = dollars.ToString("0.############", CultureInfo.InvariantCulture);
        }

        if (!cached)
        {
            metrics.Answered(answer.Provider, usage, cost);
        }
    }

    private static string Format(Attempt attempt) => string.Create(
        CultureInfo.InvariantCulture,
        $"{attempt.Provider};model=\"{attempt.Model}\";outcome={attempt.Outcome.Name()}{(attempt.Status is { } status ? string.Create(CultureInfo.InvariantCulture, $";status={status}") : "")};ms={attempt.Elapsed.TotalMilliseconds:0}");
}
