using System.Collections.Concurrent;
using MasterX.Api.Ai;

namespace MasterX.Api.Calls;

/// <summary>
/// What a call will spend, as far as anyone can say before: by the request's own limit and the highest price of those who may answer. For a
/// request without a limit, by what answers of the model have lately had.
/// </summary>
internal sealed class Expectations(GatewayCalls gateway, TimeProvider time)
{
    /// <summary>Of a model of which no answer was seen yet.</summary>
    private const double FirstOutput = 512;

    /// <summary>How much one answer counts among those before it.</summary>
    private const double Weight = 0.2;

    private const int MostModels = 1000;

    private static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(30);

    private readonly ConcurrentDictionary<string, (Quote? Quote, long Read)> _quotes = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, double> _outputs = new(StringComparer.Ordinal);

    /// <summary>Prices of those who may answer; <see langword="null"/> when there is no such model.</summary>
    /// <exception cref="GatewayUnavailableException">The gateway cannot be reached.</exception>
    public async ValueTask<Quote?> QuoteAsync(string model, CancellationToken cancellationToken)
    {
        if (_quotes.TryGetValue(model, out var known) && time.GetElapsedTime(known.Read) < Lifetime)
        {
            return known.Quote;
        }

        var read = time.GetTimestamp();
        var quote = await gateway.QuoteAsync(model, cancellationToken);
        if (_quotes.Count >= MostModels)
        {
            // Names are the callers'.
            _quotes.Clear();
        }

        _quotes[model] = (quote, read);
        return quote;
    }

    /// <summary>The same as far as it is known by now; what is not is asked for, for the next one who wants to know.</summary>
    public Quote? Known(string model)
    {
        if (!_quotes.TryGetValue(model, out var known) || time.GetElapsedTime(known.Read) > Lifetime)
        {
            using (ExecutionContext.SuppressFlow())
            {
                _ = Task.Run(() => QuoteAsync(model, CancellationToken.None).AsTask().ContinueWith(static ended => ended.Exception, TaskScheduler.Default));
            }
        }

        return known.Quote;
    }

    public Expectation Of(CallFacts facts, Quote? quote)
    {
        var output = facts.MostOutputTokens ?? (int)Math.Ceiling(_outputs.GetValueOrDefault(facts.Model, FirstOutput));
        return new(facts.InputTokens, output, quote?.CostOf(facts.InputTokens, output));
    }

    /// <summary>What is booked for a call of which nobody can say what it has spent.</summary>
    /// <param name="call">The call.</param>
    /// <param name="heardTokens">Of the answer, roughly, as far as it was heard; 0 where nothing was, and the expectation stands.</param>
    public Spending Assume(Call call, int heardTokens)
    {
        var output = heardTokens > 0 ? heardTokens : call.Expected.OutputTokens;
        var cost = output == call.Expected.OutputTokens ? call.Expected.CostUsd : null;
        return Spending.Assumed(call) with { OutputTokens = output, CostUsd = cost ?? Known(call.Model)?.CostOf(call.Expected.InputTokens, output) ?? call.Expected.CostUsd };
    }

    /// <summary>Learns from an answer.</summary>
    public void Learn(Call call, IReadOnlyList<Spending> spent)
    {
        if (spent is not [.., { Outcome: "success" } last])
        {
            return;
        }

        if (_outputs.Count >= MostModels && !_outputs.ContainsKey(call.Model))
        {
            _outputs.Clear();
        }

        _outputs.AddOrUpdate(call.Model, last.OutputTokens, (_, before) => before + (last.OutputTokens - before) * Weight);
    }
}
