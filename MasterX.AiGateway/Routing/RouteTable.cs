using MasterX.AiGateway.Providers;
using Microsoft.Extensions.Options;

namespace MasterX.AiGateway.Routing;

/// <summary>
/// Resolves what a caller asks for: a configured route, <c>auto</c> (the default chain), <c>provider/model</c>, or the default model of a provider.
/// </summary>
internal sealed class RouteTable : IDisposable
{
    /// <summary>The route of requests that name no model.</summary>
    public const string Auto = "auto";

    private readonly Dictionary<string, Provider> _providers = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<string, ModelRoute> _routes = new(StringComparer.OrdinalIgnoreCase);

    public RouteTable(IOptions<GatewayOptions> configured, TimeProvider time)
    {
        var options = configured.Value;
        foreach (var (name, settings) in options.Providers.Where(provider => BuiltInProviders.IsUsable(provider.Key, provider.Value)))
        {
            _providers[name] = new Provider(name, settings, time);
        }

        AddDefaultRoutes();
        foreach (var (name, route) in options.Routes)
        {
            // A provider without a key is left out of a route, as it is out of the default chain.
            Candidate[] candidates = [.. route.Candidates
                .Select(Candidate.Split)
                .Where(candidate => _providers.ContainsKey(candidate.Provider))
                .Select(candidate => new Candidate(_providers[candidate.Provider], candidate.Model ?? _providers[candidate.Provider].Options.DefaultModel!))];
            if (candidates.Length > 0)
            {
                _routes[name] = new ModelRoute(name, candidates, route.Cache ?? TimeSpan.Zero, route.Resume);
            }
        }
    }

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

        var (provider, rest) = Candidate.Split(model!);
        return rest is not null && Candidate.IsModelName(rest) && _providers.TryGetValue(provider, out var direct)
            ? new ModelRoute(model!, [new Candidate(direct, rest)])
            : null;
    }

    public void Dispose()
    {
        foreach (var provider in _providers.Values)
        {
            provider.Dispose();
        }
    }

    private void AddDefaultRoutes()
    {
        // Where none of the chain has a key, whatever else is configured is the chain.
        Provider[] chain = [.. BuiltInProviders.DefaultChain.Where(_providers.ContainsKey).Select(name => _providers[name])];
        Candidate[] candidates = [.. (chain.Length > 0 ? chain : [.. _providers.Values])
            .Where(provider => !string.IsNullOrEmpty(provider.Options.DefaultModel))
            .Select(provider => new Candidate(provider, provider.Options.DefaultModel!))];
        if (candidates.Length > 0)
        {
            _routes[Auto] = new ModelRoute(Auto, candidates);
        }

        foreach (var candidate in candidates)
        {
            _routes.TryAdd(candidate.Model, new ModelRoute(candidate.Model, [candidate]));
        }
    }
}
