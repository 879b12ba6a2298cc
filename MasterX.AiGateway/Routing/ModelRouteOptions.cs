
namespace MasterX.AiGateway.Routing;

/// <summary>What a model name stands for; section <c>Gateway:Routes:{name}</c>. The route <c>auto</c> is built in.</summary>
public sealed class ModelRouteOptions
{
    /// <summary>In the order they are tried: <c>provider/model</c>, or <c>provider</c> for its default model.</summary>
    public IList<string> Candidates { get; } = [];

    /// <summary>In which order they are tried.</summary>
    /// <value><c>Priority</c> unless set; <c>Weighted</c>, <c>LeastLatency</c>.</value>
    public RouteStrategy Strategy { get; set; }

    /// <summary>For <see cref="RouteStrategy.Weighted"/>, one for each candidate, in their order; more than 0.</summary>
    /// <value>1 for each unless set.</value>
    public IList<double> Weights { get; } = [];

    /// <summary>Whether a stream that breaks off after its first content goes on with the next candidate, which is given the answer so far.</summary>
    /// <value>False unless set.</value>
    public bool Resume { get; set; }

    /// <summary>After how long without an answer the next candidate is asked as well; the first that answers wins, and the other is given up.</summary>
    /// <value>Off, the default, when not set or 0.</value>
    public TimeSpan? HedgeAfter { get; set; }

    /// <summary>How long an answer is given again to the same request of the same caller.</summary>
    /// <value>Off, the default, when not set or 0.</value>
    public TimeSpan? Cache { get; set; }

    /// <summary>Whether callers share kept answers. When not, an answer is given again to the caller alone whose request it was.</summary>
    /// <value>False unless set.</value>
    public bool CacheShared { get; set; }
}
