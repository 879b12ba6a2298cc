namespace MasterX.AiGateway.Providers.Classification;

/// <summary>Takes a provider's key out of what the provider says: some quote the key they refuse.</summary>
internal static class Redaction
{
    private const string Mark = "[redacted]";

    /// <summary>A shorter one is part of other words too: it is taken out where it stands alone.</summary>
    private const int ShortestSecret = 8;

    public static string Of(string text, string? key)
    {
        if (string.IsNullOrEmpty(key) || !text.Contains(key, StringComparison.Ordinal) || IsPlaceholder(key))
        {
            return text;
        }

        if (key.Length >= ShortestSecret)
        {
            return text.Replace(key, Mark, StringComparison.Ordinal);
        }

        for (var at = text.IndexOf(key, StringComparison.Ordinal); at >= 0; at = text.IndexOf(key, at + 1, StringComparison.Ordinal))
        {
            var end = at + key.Length;
            if ((at == 0 || !IsOfAName(text[at - 1])) && (end == text.Length || !IsOfAName(text[end])))
            {
                text = string.Concat(text.AsSpan(0, at), Mark, text.AsSpan(end));
                at += Mark.Length - 1;
            }
        }

        return text;
    }

    /// <summary>
    /// Whether it is a short word or number, such as <c>a</c>, <c>none</c> or <c>1234</c>: it keeps nobody out, and the provider may mean
    /// something else by it.
    /// </summary>
    private static bool IsPlaceholder(string key) => key.Length < ShortestSecret && (key.All(char.IsLetter) || key.All(char.IsDigit));

    /// <summary>Names of models and fields have hyphens and the like in them.</summary>
    private static bool IsOfAName(char character) => char.IsLetterOrDigit(character) || character is '-' or '_' or '.' or '/';
}
