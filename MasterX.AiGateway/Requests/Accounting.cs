using System.Globalization;
using System.Runtime.CompilerServices;
using MasterX.AiGateway.Calls;
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

    /// <summary>What a call has spent, attempt by attempt, for the one who has named it: the JSON of its record.</summary>
    private const string Spent = "x-masterx-spent";

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
    /// Notes what an attempt has spent: once, when it ends, however it ends. Headers, trailers, limits and metrics say what is noted here.
    /// </summary>
    /// <param name="request">Has the record.</param>
    /// <param name="candidate">Who was asked.</param>
    /// <param name="outcome">How it ended.</param>
    /// <param name="counted">Tokens as the provider counted them; <see langword="null"/> where it did not, or it was not heard.</param>
    /// <param name="isWhole">Whether the provider was heard to the end, so that its count is the last one.</param>
    /// <param name="answerCharacters">Of the answer, for an estimate.</param>
    /// <returns><see langword="null"/> when it has spent nothing: a provider that refuses, or cannot be reached, has done no work.</returns>
    public Bill? Spend(ModelRequest request, Candidate candidate, AttemptOutcome outcome, TokenUsage? counted, bool isWhole, int answerCharacters)
    {
        if (!request.Operation.Generates || (counted is null && !IsCharged(outcome)))
        {
            return null;
        }

        if (outcome == AttemptOutcome.Success)
        {
            // Under its own name in the metrics from its first answer on.
            candidate.NoteAnswer();
        }

        var (usage, estimated) = (counted, isWhole) switch
        {
            ({ } all, true) => (all, false),
            _ => (Estimate(request, counted ?? default, answerCharacters), true),
        };
        var bill = new Bill(usage, prices.CostOf(candidate, usage), estimated);
        metrics.Answered(candidate, request.Operation, usage, bill.Cost);
        request.Record.Add(new Spending(candidate.Provider.Name, candidate.Model, outcome, usage, bill.Cost, estimated));
        return bill;
    }

    /// <summary>Whether a provider that has not counted has worked, as far as anyone knows.</summary>
    private static bool IsCharged(AttemptOutcome outcome) =>
        outcome is AttemptOutcome.Success or AttemptOutcome.BrokenAnswer or AttemptOutcome.TimedOut or AttemptOutcome.Abandoned;

    /// <summary>Of what was not counted to the end: no less than was counted until then, and than was heard.</summary>
    private static TokenUsage Estimate(ModelRequest request, TokenUsage counted, int answerCharacters) => counted with
    {
        Input = counted.Input > 0 ? counted.Input : request.EstimatedTokens,
        Output = Math.Max(counted.Output, (answerCharacters + CharactersPerToken - 1) / CharactersPerToken),
    };

    /// <summary>Tells who answered a call, and what all of it cost.</summary>
    public static void WriteAnswer(HttpResponse response, CallRecord record, AcceptedAnswer answer, bool cached)
    {
        WriteCandidate(response, answer.Provider, answer.Model, cached);
        PassHeaders(response, answer.Headers);

        // An answer from the cache was paid for when it was made.
        if ((cached ? answer.Usage is { } usage ? new Bill(usage, 0, false) : null : record.Total) is { } bill)
        {
            foreach (var (name, value) in Values(bill))
            {
                response.Headers[name] = value;
            }
        }
    }

    /// <summary>Tells the one who has named a call what each attempt has spent; of a stream it is told where the record is asked for.</summary>
    public static void WriteSpent(HttpResponse response, CallRecord record)
    {
        if (record.Id is not null)
        {
            response.Headers[Spent] = CallJson.Line(record);
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

    /// <summary>
    /// What a stream cost, once it has ended, as trailers; HTTP/1.1 has none in Kestrel, and whoever wants to know then names the call
    /// (<see cref="CallRecords.Header"/>) and asks for its record. Nothing of it ever stands in the stream, where a model could say the same.
    /// </summary>
    /// <param name="response">Whose trailers are written.</param>
    /// <param name="bill">What it cost this caller.</param>
    /// <param name="attempts">Whom it took, the last one to the end, where the headers do not tell all of it; none where they do.</param>
    /// <param name="ignored">Fields that were left out of the request, where the headers do not tell of them.</param>
    public static void EndStream(HttpResponse response, Bill bill, IReadOnlyList<Attempt>? attempts = null, IReadOnlyList<string>? ignored = null)
    {
        if (!response.SupportsTrailers())
        {
            return;
        }

        var values = Values(bill);
        if (attempts is [.., { } last])
        {
            values = values.Concat([("x-masterx-provider", last.Provider), ("x-masterx-model", last.Model), ("x-masterx-attempt-list", string.Join(", ", attempts.Select(Format)))]);
        }

        if (ignored is not null)
        {
            values = values.Append((Ignored, NamesOf(ignored)));
        }

        foreach (var (name, value) in values)
        {
            response.AppendTrailer(name, value);
        }
    }

    /// <summary>Fields that were left out for one or the other; <see langword="null"/> for none.</summary>
    public static IReadOnlyList<string>? Union(IReadOnlyList<string>? one, IReadOnlyList<string>? other) =>
        one is null ? other : other is null ? one : [.. one.Union(other, StringComparer.Ordinal)];

    private static IEnumerable<(string Name, string Value)> Values(Bill bill)
    {
        yield return ("x-masterx-tokens-in", bill.Usage.Input.ToString(CultureInfo.InvariantCulture));
        yield return ("x-masterx-tokens-out", bill.Usage.Output.ToString(CultureInfo.InvariantCulture));
        if (bill.Cost is { } dollars)
        {
            yield return ("x-masterx-cost-usd", dollars.ToString("0.############", CultureInfo.InvariantCulture));
        }

        if (bill.IsEstimated)
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
