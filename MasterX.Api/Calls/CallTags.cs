using System.Text.Json;

namespace MasterX.Api.Calls;

/// <summary>
/// What a caller says a call is for, so that its cost can be told by it: the header <c>x-masterx-tags</c> (<c>team=search, env=prod</c>), and beside it the texts of the body's own <c>metadata</c>.
/// They stand in what is booked, and nowhere else: no metric has them, and no provider is told by them.
/// </summary>
internal static class CallTags
{
    public const string Header = "x-masterx-tags";

    /// <summary>Pairs of a call at most.</summary>
    public const int Most = 10;

    /// <summary>Characters of a name, and of a value, at most.</summary>
    public const int LongestName = 40, LongestValue = 100;

    /// <summary>What clients of Anthropic's API tell a person by: what is booked outlives a person's erasure, and has none in it.</summary>
    private const string Person = "user_id";

    /// <summary>A call's tags; those of the header win over those of the body, of which the ones go that find no place.</summary>
    /// <returns><see langword="null"/> for none.</returns>
    /// <exception cref="BadHttpRequestException">The header is not one; the message names what is wrong with it.</exception>
    public static IReadOnlyDictionary<string, string>? Of(HttpRequest request, IReadOnlyDictionary<string, string>? metadata = null)
    {
        if (!request.Headers.TryGetValue(Header, out var header))
        {
            return metadata;
        }

        var tags = Parse(string.Join(',', header.AsEnumerable()));
        foreach (var (name, value) in metadata ?? new Dictionary<string, string>())
        {
            if (tags.Count < Most)
            {
                tags.TryAdd(name, value);
            }
        }

        return tags.Count > 0 ? tags : null;
    }

    /// <summary>Reads the body's <c>metadata</c>, of which the beginning was just read; what is no tag is passed over.</summary>
    /// <returns><see langword="null"/> for none.</returns>
    public static IReadOnlyDictionary<string, string>? Read(ref Utf8JsonReader json)
    {
        SortedDictionary<string, string>? tags = null;
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            var name = Text(ref json);
            json.Read();
            if (json.TokenType == JsonTokenType.String && Text(ref json) is { } value && name is not (null or Person) && IsName(name) && IsValue(value) && (tags is null || tags.Count < Most))
            {
                (tags ??= new(StringComparer.Ordinal))[name] = value;
            }

            json.Skip();
        }

        return tags;
    }

    /// <summary>Whether a tag can have the name.</summary>
    public static bool IsName(string name) =>
        name.Length is > 0 and <= LongestName && name.All(letter => char.IsAsciiLetterLower(letter) || char.IsAsciiDigit(letter) || letter is '_' or '.' or '-');

    private static bool IsValue(string value) => value.Length is > 0 and <= LongestValue && !value.Any(char.IsControl);

    private static SortedDictionary<string, string> Parse(string header)
    {
        var tags = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var pair in header.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            var (name, value) = pair.IndexOf('=', StringComparison.Ordinal) is var at and >= 0 ? (pair[..at].TrimEnd(), pair[(at + 1)..].TrimStart()) : (pair, "");
            if (!IsName(name))
            {
                throw Refused($"'{Shown(name)}' is no name of a tag: a name is 1 to {LongestName} of a-z, 0-9, '_', '.' and '-'.");
            }

            if (!IsValue(value))
            {
                throw Refused($"the value of '{name}' must be 1 to {LongestValue} printable characters.");
            }

            if (!tags.TryAdd(name, value))
            {
                throw Refused($"'{name}' is given twice.");
            }
        }

        return tags.Count <= Most ? tags : throw Refused($"it has {tags.Count} tags, and may have {Most}.");
    }

    private static BadHttpRequestException Refused(string problem) => new($"{Header} is NAME=VALUE, separated by commas; {problem}");

    private static string Shown(string name) => name.Length > LongestName ? name[..LongestName] + "…" : name;

    /// <returns><see langword="null"/> where it is no text that can be.</returns>
    private static string? Text(ref Utf8JsonReader json)
    {
        try
        {
            return json.GetString();
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }
}
