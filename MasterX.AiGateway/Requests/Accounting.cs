using System.Buffers;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using MasterX.AiGateway.Prices;
using MasterX.AiGateway.Providers;
using MasterX.AiGateway.Routing;
using MasterX.AiGateway.Telemetry;

namespace MasterX.AiGateway.Requests;

/// <summary>
/// Step (8): what an answer cost and who gave it, in headers, so that callers account without parsing bodies:
/// <c>x-masterx-provider</c>, <c>-model</c>, <c>-attempts</c> (a number), <c>-attempt-list</c>, <c>-cached</c>, <c>-tokens-in</c>, <c>-tokens-out</c>, <c>-cost-usd</c>.
/// </summary>
internal sealed class Accounting(PriceList prices, GatewayMetrics metrics)
{
    /// <summary>A rule of thumb for English text, used only where a provider does not count, and marked <c>x-masterx-tokens-estimated</c>.</summary>
    private const int CharactersPerToken = 4;

    private const string Ignored = "x-masterx-ignored";

    private static readonly string[] TrailerNames =
    [
        "x-masterx-tokens-in", "x-masterx-tokens-out", "x-masterx-cost-usd", "x-masterx-tokens-estimated", "x-masterx-provider", "x-masterx-model", "x-masterx-attempt-list", Ignored,
    ];

    /// <summary>
    /// The attempts as a structured-field list (RFC 9651): <c>gemini;model="m";outcome=provider_failed;status=503;ms=12, groq;model="n";outcome=success;status=200;ms=340</c>.
    /// </summary>
    public static void WriteAttempts(HttpResponse response, IReadOnlyList<Attempt> attempts)
    {
        response.Headers["x-masterx-attempts"] = attempts.Count.ToString(CultureInfo.InvariantCulture);
        response.Headers["x-masterx-attempt-list"] = attempts.Count == 1 ? Format(attempts[0]) : string.Join(", ", attempts.Select(Format));
    }

    public static void WriteCandidate(HttpResponse response, string provider, string model, bool cached)
    {
        response.Headers["x-masterx-provider"] = provider;
        response.Headers["x-masterx-model"] = model;
        response.Headers["x-masterx-cached"] = cached ? "true" : "false";
    }

    /// <summary>Passes on what of the provider's headers may be: <see cref="ProviderHeaders.Passed"/>.</summary>
    public static void PassHeaders(HttpResponse response, ProviderHeaders headers)
    {
        if (headers.RequestId is { } id)
        {
            response.Headers["x-request-id"] = id;
        }

        if (headers.ProcessingMs is { } processing)
        {
            response.Headers["openai-processing-ms"] = processing;
        }

        WriteIgnored(response, headers.Ignored);
    }

    /// <summary>Tells which fields of the request were left out: <c>x-masterx-ignored</c>.</summary>
    public static void WriteIgnored(HttpResponse response, IReadOnlyList<string>? ignored)
    {
        if (ignored is not null)
        {
            response.Headers[Ignored] = NamesOf(ignored);
        }
    }

    /// <summary>Some are names out of the caller's own request; those that are no names stay out of a header.</summary>
    private static string NamesOf(IReadOnlyList<string> ignored) => string.Join(", ", ignored.Where(Candidate.IsModelName).Take(32));

    /// <summary>
    /// Tells what a stream will cost before it is known how much of it there will be, in US dollars per million tokens: <c>x-masterx-price-in</c>, <c>x-masterx-price-out</c>.
    /// A caller who leaves before the end can account for what was heard.
    /// </summary>
    public void WritePrice(HttpResponse response, Candidate candidate)
    {
        if (prices.Of(candidate) is { } price)
        {
            response.Headers["x-masterx-price-in"] = (price.Input ?? 0).ToString(CultureInfo.InvariantCulture);
            response.Headers["x-masterx-price-out"] = (price.Output ?? 0).ToString(CultureInfo.InvariantCulture);
        }
    }

    public void WriteAnswer(HttpResponse response, Operation operation, AcceptedAnswer answer, bool cached)
    {
        WriteCandidate(response, answer.Provider, answer.Model, cached);
        PassHeaders(response, answer.Headers);
        if (answer.Usage is not { } usage)
        {
            return;
        }

        // An answer from the cache was paid for when it was made.
        var cost = answer.Candidate is { } candidate ? prices.CostOf(candidate, usage) : 0;
        foreach (var (name, value) in Values(usage, cost, estimated: false))
        {
            response.Headers[name] = value;
        }

        if (answer.Candidate is { } payee)
        {
            metrics.Answered(payee, operation, usage, cost);
        }
    }

    /// <summary>Says which trailers will come, before the first byte of a stream (RFC 9110, 6.6.2).</summary>
    public static void DeclareTrailers(HttpResponse response)
    {
        if (response.SupportsTrailers())
        {
            foreach (var name in TrailerNames)
            {
                response.DeclareTrailer(name);
            }
        }
    }

    /// <summary>Counts a stream that has ended, once, whoever listened.</summary>
    /// <param name="candidate">Who answered.</param>
    /// <param name="counted">Tokens as the provider counted them; estimated when it did not.</param>
    /// <param name="request">For an estimate.</param>
    /// <param name="answerCharacters">Size of the answer, for an estimate.</param>
    public StreamBill BillStream(Candidate candidate, TokenUsage? counted, ModelRequest request, int answerCharacters)
    {
        var usage = counted ?? new TokenUsage(request.EstimatedTokens, Math.Max(1, answerCharacters / CharactersPerToken), 0);
        var bill = new StreamBill(usage, prices.CostOf(candidate, usage), counted is null);
        metrics.Answered(candidate, request.Operation, usage, bill.Cost);
        return bill;
    }

    /// <summary>
    /// What a stream cost, once it has ended: as trailers, or where HTTP/1.1 has none in Kestrel, as a comment before the end mark, which clients pass over:
    /// <c>: x-masterx-tokens-in=12; x-masterx-tokens-out=340; x-masterx-cost-usd=0.00056</c>.
    /// </summary>
    /// <param name="response">Whose trailers are written.</param>
    /// <param name="bill">What it cost this caller.</param>
    /// <param name="events">The stream's last events, before the end mark.</param>
    /// <param name="attempts">Whom it took, the last one to the end, where the headers do not tell all of it; none where they do.</param>
    /// <param name="ignored">Fields that were left out of the request, where the headers do not tell of them.</param>
    public static void EndStream(HttpResponse response, StreamBill bill, PooledBuffer events, IReadOnlyList<Attempt>? attempts = null, IReadOnlyList<string>? ignored = null)
    {
        var values = Values(bill.Usage, bill.Cost, bill.IsEstimated);
        if (attempts is [.., { } last])
        {
            values = values.Concat([("x-masterx-provider", last.Provider), ("x-masterx-model", last.Model), ("x-masterx-attempt-list", string.Join(", ", attempts.Select(Format)))]);
        }

        if (ignored is not null)
        {
            values = values.Append((Ignored, NamesOf(ignored)));
        }

        if (response.SupportsTrailers())
        {
            foreach (var (name, value) in values)
            {
                response.AppendTrailer(name, value);
            }
        }
        else
        {
            events.Write(Encoding.ASCII.GetBytes($": {string.Join("; ", values.Select(value => $"{value.Name}={value.Value}"))}\n\n"));
        }
    }

    /// <summary>Fields that were left out for one or the other; <see langword="null"/> for none.</summary>
    public static IReadOnlyList<string>? Union(IReadOnlyList<string>? one, IReadOnlyList<string>? other) =>
        one is null ? other : other is null ? one : [.. one.Union(other, StringComparer.Ordinal)];

    private static IEnumerable<(string Name, string Value)> Values(TokenUsage usage, decimal? cost, bool estimated)
    {
        yield return ("x-masterx-tokens-in", usage.Input.ToString(CultureInfo.InvariantCulture));
        yield return ("x-masterx-tokens-out", usage.Output.ToString(CultureInfo.InvariantCulture));
        if (cost is { } dollars)
        {
            yield return ("x-masterx-cost-usd", dollars.ToString("0.############", CultureInfo.InvariantCulture));
        }

        if (estimated)
        {
            yield return ("x-masterx-tokens-estimated", "true");
        }
    }

    private static string Format(Attempt attempt)
    {
        var text = new DefaultInterpolatedStringHandler(48, 5, CultureInfo.InvariantCulture, stackalloc char[256]);
        text.AppendFormatted(attempt.Provider);
        text.AppendLiteral(";model=\"");
        text.AppendFormatted(attempt.Model);
        text.AppendLiteral("\";outcome=");
        text.AppendLiteral(attempt.Outcome.Name());
        if (attempt.Key is { } key)
        {
            text.AppendLiteral(";key=");
            text.AppendFormatted(key);
        }

        if (attempt.Status is { } status)
        {
            text.AppendLiteral(";status=");
            text.AppendFormatted(status);
        }

        text.AppendLiteral(";ms=");
        text.AppendFormatted((long)Math.Round(attempt.Elapsed.TotalMilliseconds));
        return text.ToStringAndClear();
    }
}
