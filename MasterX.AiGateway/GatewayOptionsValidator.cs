using System.Text.RegularExpressions;
using MasterX.AiGateway.Prices;
using MasterX.AiGateway.Providers;
using MasterX.AiGateway.Routing;
using Microsoft.Extensions.Options;

namespace MasterX.AiGateway;

/// <summary>Finds everything that is wrong with the configuration, and names the variable to change.</summary>
public sealed partial class GatewayOptionsValidator : IValidateOptions<GatewayOptions>
{
    /// <summary>A shorter token works, but is warned about.</summary>
    internal const int ShortestToken = 16;

    /// <inheritdoc />
    public ValidateOptionsResult Validate(string? name, GatewayOptions options)
    {
        List<string> problems = [];
        if (options.Token.Any(character => character is <= ' ' or > '~'))
        {
            problems.Add("Gateway__Token contains a character that cannot stand in an HTTP header (a space or line end at its end?).");
        }

        if (options.TotalTimeout <= TimeSpan.Zero || options.TotalTimeout > TimeSpan.FromDays(1))
        {
            problems.Add("Gateway__TotalTimeout must be more than 0 and at most a day, for example 00:10:00.");
        }

        if (options.KeepAlive < TimeSpan.Zero || options.KeepAlive > TimeSpan.FromDays(1))
        {
            problems.Add("Gateway__KeepAlive must be 0 (never) to a day, for example 00:00:15.");
        }

        if (options.ProbeIdleAfter < TimeSpan.Zero || options.ProbeIdleAfter > TimeSpan.FromDays(1))
        {
            problems.Add("Gateway__ProbeIdleAfter must be 0 (never) to a day, for example 00:05:00.");
        }

        if (string.IsNullOrWhiteSpace(options.ResumePrompt) || options.ResumePrompt.Length > 4000)
        {
            problems.Add("Gateway__ResumePrompt must be a text of at most 4,000 characters that asks a model to go on with its answer.");
        }

        Range("Gateway__MaxRequestBytes", options.MaxRequestBytes, 1024, 256 * 1024 * 1024);
        Range("Gateway__MaxCacheBytes", options.MaxCacheBytes, 1024 * 1024, int.MaxValue);
        Range("Gateway__MaxAnswerBytes", options.MaxAnswerBytes, 1024, 256 * 1024 * 1024);
        foreach (var (provider, settings) in options.Providers)
        {
            problems.AddRange(CheckProvider(provider, settings));
        }

        if (!options.Providers.Values.Any(BuiltInProviders.IsUsable))
        {
            problems.Add("No provider can be called. Set a key, for example Gateway__Providers__gemini__ApiKey, or add a provider with Gateway__Providers__NAME__BaseUrl.");
        }

        foreach (var (route, settings) in options.Routes)
        {
            problems.AddRange(CheckRoute(route, settings, options));
        }

        foreach (var (variable, price) in options.Prices.Select(price => ($"Gateway__Prices__{price.Key}__", (ModelPrice?)price.Value)).Append(("Gateway__DefaultPrice__", options.DefaultPrice)))
        {
            problems.AddRange(price is null ? [] : CheckPrice(variable, price));
        }

        return problems.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(problems);

        void Range(string variable, int value, int least, int most)
        {
            if (value < least || value > most)
            {
                problems.Add($"{variable} is {value}; it must be {least} to {most}.");
            }
        }
    }

    private static IEnumerable<string> CheckProvider(string name, ProviderOptions provider)
    {
        var variable = $"Gateway__Providers__{name}__";
        if (!ProviderName().IsMatch(name))
        {
            yield return $"The provider name '{name}' may have letters, digits, hyphens and underscores only.";
        }

        if (provider.Kind is not null && !WireFormat.Kinds.Contains(provider.Kind))
        {
            yield return $"{variable}Kind is '{provider.Kind}'; it must be one of {string.Join(", ", WireFormat.Kinds)}.";
        }

        if (provider.ThoughtField is not (null or "none" or "reasoning_content" or "reasoning" or "reasoning_details"))
        {
            yield return $"{variable}ThoughtField is '{provider.ThoughtField}'; it must be one of none, reasoning_content, reasoning, reasoning_details.";
        }

        foreach (var (setting, value) in provider.Continuations.Select(pair => ($"Continuations__{pair.Key}", pair.Value)).Prepend(("Continuation", provider.Continuation ?? "ask")))
        {
            if (!Continuations.TryParse(value, out _))
            {
                yield return $"{variable}{setting} is '{value}'; it must be one of {string.Join(", ", Continuations.Names)}.";
            }
        }

        if (!Uri.TryCreate(provider.BaseUrl, UriKind.Absolute, out var url) || url.Scheme is not ("http" or "https"))
        {
            yield return $"{variable}BaseUrl is missing or not an absolute http(s) URL. Example: {variable}BaseUrl=https://api.example.com/v1";
        }
        else if (url.Scheme == "http" && !url.IsLoopback && !provider.AllowInsecure)
        {
            yield return $"{variable}BaseUrl must be https: what is sent over http to {url.Host}, a key too, could be read on the way. For a model server in your own network set {variable}AllowInsecure=true.";
        }
        else if (url.UserInfo.Length > 0 || url.Query.Length > 0)
        {
            yield return $"{variable}BaseUrl must have no user, password or query; the key belongs in {variable}ApiKey.";
        }

        foreach (var (setting, model) in new[] { ("DefaultModel", provider.DefaultModel), ("EmbeddingModel", provider.EmbeddingModel) })
        {
            if (!string.IsNullOrEmpty(model) && !Candidate.IsModelName(model))
            {
                yield return $"{variable}{setting} may have visible ASCII characters only, no quotes, at most 200.";
            }
        }

        foreach (var problem in CheckClouds(variable, provider, url).Concat(CheckKeys(variable, provider)))
        {
            yield return problem;
        }

        foreach (var (limit, value) in new[] { ("ConnectTimeout", provider.ConnectTimeout), ("FirstByteTimeout", provider.FirstByteOf(stream: true)), ("FirstContentTimeout", provider.FirstContentTimeout), ("IdleTimeout", provider.IdleTimeout), ("TotalTimeout", provider.TotalTimeout) })
        {
            if (value <= TimeSpan.Zero || value > TimeSpan.FromDays(1))
            {
                yield return $"{variable}{limit} must be more than 0 and at most a day, for example 00:00:30.";
            }
        }

        if (provider.RequestsPerMinute < 0 || provider.TokensPerMinute < 0 || provider.MaxConcurrency < 0)
        {
            yield return $"{variable}RequestsPerMinute, {variable}TokensPerMinute and {variable}MaxConcurrency must be 0 (no limit) or more.";
        }

        var circuit = provider.Circuit;
        if (circuit.FailureRatio is <= 0 or > 1 || circuit.MinimumThroughput < 2)
        {
            yield return $"{variable}Circuit__FailureRatio must be more than 0 and at most 1, and {variable}Circuit__MinimumThroughput 2 or more.";
        }

        var least = TimeSpan.FromSeconds(0.5);
        if (circuit.SamplingDuration < least || circuit.SamplingDuration > TimeSpan.FromDays(1) || circuit.BreakDuration < least || circuit.BreakDuration > TimeSpan.FromDays(1))
        {
            yield return $"{variable}Circuit__SamplingDuration and {variable}Circuit__BreakDuration must be half a second to a day, for example 00:00:30.";
        }
    }

    private static IEnumerable<string> CheckKeys(string variable, ProviderOptions provider)
    {
        if (!CanStandInHeader(provider.ApiKey))
        {
            yield return $"{variable}ApiKey contains a character that cannot stand in an HTTP header (a space or line end at its end?).";
        }

        if (!string.IsNullOrEmpty(provider.ApiKey) && provider.ApiKeys.Count > 0)
        {
            yield return $"{variable}ApiKey and {variable}ApiKeys are both set; put the key into {variable}ApiKeys__{provider.ApiKeys.Count}__Key, or leave it out.";
        }

        if (provider.ApiKeys.Count > ProviderOptions.MostKeys)
        {
            yield return $"{variable}ApiKeys has {provider.ApiKeys.Count} keys; it may have {ProviderOptions.MostKeys}.";
        }

        for (var i = 0; i < provider.ApiKeys.Count; i++)
        {
            var (name, key) = ($"{variable}ApiKeys__{i}__", provider.ApiKeys[i]);
            if (string.IsNullOrEmpty(key.Key))
            {
                yield return $"{name}Key is missing.";
            }
            else if (!CanStandInHeader(key.Key))
            {
                yield return $"{name}Key contains a character that cannot stand in an HTTP header (a space or line end at its end?).";
            }
            else if (provider.ApiKeys.Take(i).Any(other => other.Key == key.Key))
            {
                yield return $"{name}Key is the same as one before it; give the one a larger {variable}ApiKeys__N__Weight instead.";
            }

            if (!(key.Weight is > 0 and <= 1_000_000))
            {
                yield return $"{name}Weight must be more than 0 and at most 1000000.";
            }

            if (key.RequestsPerMinute < 0 || key.TokensPerMinute < 0 || key.MaxConcurrency < 0)
            {
                yield return $"{name}RequestsPerMinute, {name}TokensPerMinute and {name}MaxConcurrency must be 0 (no limit) or more.";
            }
        }
    }

    private static IEnumerable<string> CheckPrice(string variable, ModelPrice price) =>
        from setting in price.All
        where setting.Value is < 0 or > TokenPrices.Most
        select $"{variable} has {setting.Name} {setting.Value}; it must be 0 to {TokenPrices.Most}, in US dollars per million tokens.";

    private static bool CanStandInHeader(string? key) => key is null || !key.Any(character => character is <= ' ' or > '~');

    private static IEnumerable<string> CheckRoute(string name, ModelRouteOptions route, GatewayOptions options)
    {
        if (route.Candidates.Count == 0)
        {
            yield return $"The route '{name}' has no candidates. Example: Gateway__Routes__{name}__Candidates__0=openai/gpt-4.1-mini";
        }

        foreach (var candidate in route.Candidates)
        {
            var (provider, model) = Candidate.Split(candidate);
            if (model is not null && !Candidate.IsModelName(model))
            {
                yield return $"The route '{name}' has a candidate of '{provider}' whose model has other than visible ASCII characters, quotes, or more than 200.";
            }

            if (!options.Providers.TryGetValue(provider, out var settings))
            {
                yield return $"The route '{name}' names the provider '{provider}', which is not configured.";
            }
            else if (model is null && string.IsNullOrEmpty(settings.DefaultModel))
            {
                yield return $"The route '{name}' names '{provider}' without a model, and Gateway__Providers__{provider}__DefaultModel is not set.";
            }
        }

        if (route.Weights.Count > 0 && (route.Weights.Count != route.Candidates.Count || route.Weights.Any(weight => !(weight > 0 && double.IsFinite(weight)))))
        {
            yield return $"Gateway__Routes__{name}__Weights must have one number above 0 for each of the {route.Candidates.Count} candidates.";
        }

        if (!Enum.IsDefined(route.Strategy))
        {
            yield return $"Gateway__Routes__{name}__Strategy must be {string.Join(", ", Enum.GetNames<RouteStrategy>())}.";
        }

        if (route.Cache < TimeSpan.Zero)
        {
            yield return $"Gateway__Routes__{name}__Cache must be 0 (off) or more, for example 00:05:00.";
        }

        if (route.HedgeAfter is { } hedge && (hedge < TimeSpan.Zero || hedge > TimeSpan.FromHours(1)))
        {
            yield return $"Gateway__Routes__{name}__HedgeAfter must be 0 (off) to an hour, for example 00:00:02.";
        }
    }

    [GeneratedRegex("^[A-Za-z0-9_-]{1,64}$")]
    private static partial Regex ProviderName();
}
