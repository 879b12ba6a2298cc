using System.Collections.Concurrent;
using MasterX.AiGateway.Limits;
using MasterX.AiGateway.Providers;

namespace MasterX.AiGateway.Routing;

/// <summary>
/// Resolves what a caller asks for: a configured route, <c>auto</c> (the default chain), <c>provider/model</c>, or the default model of a provider.
/// </summary>
internal sealed class RouteTable : IDisposable
{
    /// <summary>The route of requests that name no model.</summary>
    public const string Auto = "auto";

    /// <summary>Names of the form <c>provider/model</c> that are kept once they were resolved.</summary>
    private const int MostDirect = 1000;

    private readonly Dictionary<string, Provider> _providers = new(StringComparer.OrdinalIgnoreCase);
    private readonly ConcurrentDictionary<string, ModelRoute> _direct = new(StringComparer.Ordinal);
    private readonly Dictionary<string, ModelRoute> _routes = new(StringComparer.OrdinalIgnoreCase);

    /// <param name="options">Valid.</param>
    /// <param name="previous">The table this one replaces; providers that have not changed are taken over, with their limits, circuits and connections.</param>
    /// <param name="time">Clock.</param>
    /// <param name="shared">What the gateway's replicas share; <see langword="null"/> for nothing.</param>
    public RouteTable(GatewayOptions options, RouteTable? previous, TimeProvider time, SharedGate? shared = null)
    {
        Options = options;
        foreach (var (name, settings) in options.Providers.Where(provider => BuiltInProviders.IsUsable(provider.Value)))
        {
            var before = previous?._providers.GetValueOrDefault(name);
            _providers[name] = before is not null && before.Options.IsSameAs(settings) ? before : new Provider(name, settings, time, before, shared);
        }

        AddDefaultRoutes();
        foreach (var (name, route) in options.Routes)
        {
            AddRoute(name, route);
        }

        foreach (var candidate in _routes.Values.SelectMany(route => route.Candidates))
        {
            candidate.IsConfigured = true;
        }
    }

    public GatewayOptions Options { get; }

    public IReadOnlyCollection<Provider> Providers => _providers.Values;

    /// <summary>Names a caller may ask for, with the provider that answers first.</summary>
    public IEnumerable<(string Name, string Owner)> Names => _routes.Values.Select(route => (route.Name, route.Candidates[0].Provider.Name));

    /// <returns>The route, or <see langword="null"/> when the name stands for nothing.</returns>
    public ModelRoute? Resolve(string? model)
    {
        if (_routes.TryGetValue(model ?? Auto, out var route))
        {
            return route;
        }

        if (model is null)
        {
            return null;
        }

        if (_direct.TryGetValue(model, out route))
        {
            route.Candidates[0].Asked();
            return route;
        }

        var (provider, rest) = Candidate.Split(model);
        if (rest is null || !Candidate.IsModelName(rest) || !_providers.TryGetValue(provider, out var direct))
        {
            return null;
        }

        route = new ModelRoute(model, [direct.CandidateOf(rest)]);

        // What callers may name has no end; what is kept of it has. It is soon made again for names that are in use.
        if (_direct.Count >= MostDirect)
        {
            _direct.Clear();
        }

        _direct.TryAdd(model, route);
        return route;
    }

    public void Dispose()
    {
        foreach (var provider in _providers.Values)
        {
            provider.Dispose();
        }
    }

    /// <summary>Frees the providers that the table in force no longer has, once every request that may still use them has ended.</summary>
    public void RetireAllBut(RouteTable current, TimeSpan longestRequest)
    {
        Provider[] retired = [.. _providers.Values.Except(current._providers.Values)];
        if (retired.Length > 0)
        {
            _ = FreeLaterAsync(retired, longestRequest);
        }
    }

    private static async Task FreeLaterAsync(Provider[] retired, TimeSpan pause)
    {
        await Task.Delay(pause);
        Array.ForEach(retired, provider => provider.Dispose());
    }

    private void AddRoute(string name, ModelRouteOptions route)
    {
        // A provider without a key is left out of a route, as it is out of the default chain.
        var usable = route.Candidates
            .Select((candidate, index) => (Named: Candidate.Split(candidate), Weight: route.Weights.Count > 0 ? route.Weights[index] : 1))
            .Where(entry => _providers.ContainsKey(entry.Named.Provider))
            .ToArray();
        if (usable.Length > 0)
        {
            _routes[name] = new ModelRoute(name, [.. usable.Select(entry => _providers[entry.Named.Provider].CandidateOf(entry.Named.Model ?? _providers[entry.Named.Provider].Options.DefaultModel!))])
            {
                Strategy = route.Strategy,
                Weights = [.. usable.Select(entry => entry.Weight)],
                Cache = route.Cache ?? TimeSpan.Zero,
                CacheShared = route.CacheShared,
                HedgeAfter = route.HedgeAfter ?? TimeSpan.Zero,
                Resume = route.Resume,
            };
        }
    }

    private void AddDefaultRoutes()
    {
        // Where none of the chain has a key, whatever else is configured is the chain.
        Provider[] chain = [.. BuiltInProviders.DefaultChain.Where(_providers.ContainsKey).Select(name => _providers[name])];
        Candidate[] candidates = [.. (chain.Length > 0 ? chain : [.. _providers.Values])
            .Where(provider => !string.IsNullOrEmpty(provider.Options.DefaultModel))
            .Select(provider => provider.CandidateOf(provider.Options.DefaultModel!))];
        if (candidates.Length > 0)
        {
            _routes[Auto] = new ModelRoute(Auto, candidates);
        }

        foreach (var candidate in candidates)
        {
            _routes.TryAdd(candidate.Model, new ModelRoute(candidate.Model, [candidate]));
        }

        foreach (var provider in _providers.Values.Where(provider => !string.IsNullOrEmpty(provider.Options.EmbeddingModel)))
        {
            _routes.TryAdd(provider.Options.EmbeddingModel!, new ModelRoute(provider.Options.EmbeddingModel!, [provider.CandidateOf(provider.Options.EmbeddingModel!)]));
        }
    }
}
