using MasterX.Api.Projects;

namespace MasterX.Api.Keys;

/// <summary>
/// What a caller may ask for, by the lists of the key and of its project: what both allow. A model is named as callers name it, whoever answers in the end; a door by its path.
/// </summary>
internal static class AllowList
{
    /// <summary>What a call asks for that names no model.</summary>
    private const string Default = "auto";

    private static readonly PathString Generate = "/api/ai/generate", Prefix = "/v1", Models = "/v1/models";

    /// <summary>Whether a list may name it: that it costs something, or leads to what has.</summary>
    public static bool IsDoor(string path) => path.StartsWith(Prefix.Value!, StringComparison.Ordinal) || path == Generate.Value;

    /// <returns>Why the caller may not use the door; <see langword="null"/> when it may.</returns>
    public static string? RefusalOf(Consumer consumer, PathString path)
    {
        if (!consumer.IsConfined || !(path.StartsWithSegments(Prefix) || path.StartsWithSegments(Generate)) || path.StartsWithSegments(Models))
        {
            return null;
        }

        return Refusal(consumer, allowance => allowance.Routes, route => IsBelow(path, route), $"does not allow {path}; it allows");
    }

    /// <returns>Why the caller may not ask for the model; <see langword="null"/> when it may.</returns>
    public static string? RefusalOf(Consumer consumer, string model)
    {
        if (!consumer.IsConfined)
        {
            return null;
        }

        var name = model.Length == 0 ? Default : model;
        return Refusal(consumer, allowance => allowance.Models, allowed => Matches(name, allowed), $"does not allow the model '{name}'; it allows");
    }

    private static string? Refusal(Consumer consumer, Func<Allowance, IReadOnlyList<string>> list, Func<string, bool> matches, string what)
    {
        foreach (var allowance in (ReadOnlySpan<Allowance?>)[consumer.Key, consumer.Project])
        {
            if (allowance is not null && list(allowance) is { Count: > 0 } allowed && !allowed.Any(matches))
            {
                return $"The {(allowance is Project ? "project" : "key")} {what} {string.Join(", ", allowed)}. An admin can change that.";
            }
        }

        return null;
    }

    private static bool IsBelow(PathString path, string route) =>
        route.EndsWith('*') ? Matches(path.Value!, route) : path.StartsWithSegments(route.TrimEnd('/'));

    /// <summary>Letter case makes no difference, as it makes none to the gateway.</summary>
    private static bool Matches(string name, string allowed) =>
        allowed.EndsWith('*') ? name.AsSpan().StartsWith(allowed.AsSpan(0, allowed.Length - 1), StringComparison.OrdinalIgnoreCase) : name.Equals(allowed, StringComparison.OrdinalIgnoreCase);
}
