namespace MasterX.AiGateway;

/// <summary>
/// Sections whose names are model names. These may have colons, which separate keys in .NET's configuration: what is set for
/// <c>llama3:8b</c> is found in the section <c>8b</c> of the section <c>llama3</c>.
/// </summary>
internal static class NamedSections
{
    /// <param name="parent">The section they lie in.</param>
    /// <param name="lists">What in one of them is a section itself, and no further part of the name.</param>
    public static IEnumerable<(string Name, IConfigurationSection Section)> Of(IConfigurationSection parent, params IReadOnlyList<string> lists) =>
        parent.GetChildren().SelectMany(section => Within(section.Key, section, lists));

    private static IEnumerable<(string Name, IConfigurationSection Section)> Within(string name, IConfigurationSection section, IReadOnlyList<string> lists)
    {
        IConfigurationSection[] children = [.. section.GetChildren()];
        if (children.Any(IsSetting))
        {
            yield return (name, section);
        }

        foreach (var longer in children.Where(child => !IsSetting(child)).SelectMany(child => Within($"{name}:{child.Key}", child, lists)))
        {
            yield return longer;
        }

        // A host that hands its configuration on gives sections a value, an empty one.
        bool IsSetting(IConfigurationSection child) => (child.Value is not null && !child.GetChildren().Any()) || lists.Contains(child.Key, StringComparer.OrdinalIgnoreCase);
    }
}
