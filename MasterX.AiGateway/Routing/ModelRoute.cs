namespace MasterX.AiGateway.Routing;

/// <summary>In which order a route's candidates are tried.</summary>
public enum RouteStrategy
{
    /// <summary>As they are listed.</summary>
    Priority,

    /// <summary>By chance, in proportion to their weights; the others follow, again by chance, when one fails.</summary>
    Weighted,

    /// <summary>
    /// The one that has lately answered fastest first; one that has not been tried comes before all, one that has just failed behind
    /// them.
    /// </summary>
    LeastLatency,
}

/// <summary>What a model name stands for.</summary>
/// <param name="Name">As the caller wrote it.</param>
/// <param name="Candidates">At least one.</param>
internal sealed record ModelRoute(string Name, IReadOnlyList<Candidate> Candidates)
{
    public RouteStrategy Strategy { get; init; }

    /// <summary>One for each candidate, more than 0; for <see cref="RouteStrategy.Weighted"/>.</summary>
    public IReadOnlyList<double> Weights { get; init; } = [];

    /// <summary>How long answers are kept; zero when not at all.</summary>
    public TimeSpan Cache { get; init; }

    /// <summary>Whether callers share kept answers.</summary>
    public bool CacheShared { get; init; }

    /// <summary>After how long without an answer the next candidate is asked as well; zero for never.</summary>
    public TimeSpan HedgeAfter { get; init; }

    /// <summary>Whether a stream that breaks off goes on with the next candidate.</summary>
    public bool Resume { get; init; }

    /// <summary>The candidates in the order in which one request tries them.</summary>
    public IReadOnlyList<Candidate> Plan() => Candidates.Count == 1 ? Candidates : Strategy switch
    {
        // Each draws -ln(u)/weight, and the smallest comes first: the first one, and every next of the rest, is drawn in proportion to the weights
        // (Efraimidis and Spirakis, Weighted random sampling with a reservoir, 2006).
        RouteStrategy.Weighted => [.. Candidates.Zip(Weights, (candidate, weight) => (candidate, draw: -Math.Log(1 - Random.Shared.NextDouble()) / weight)).OrderBy(pair => pair.draw).Select(pair => pair.candidate)],
        RouteStrategy.LeastLatency =>
            [.. Candidates.OrderBy(candidate => candidate.Latency.IsSetBack).ThenBy(candidate => candidate.Latency.Value)],
        _ => Candidates,
    };
}
