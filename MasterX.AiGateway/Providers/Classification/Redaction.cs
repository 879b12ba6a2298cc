namespace MasterX.AiGateway.Providers.Classification;

/// <summary>Takes a provider's key out of what the provider says: some quote the key they refuse.</summary>
internal static class Redaction
{
    private const string Mark = "[redacted]";

    /// <summary>A shorter one is no secret, and its letters are in other words too: it is taken out where it stands alone.</summary>
    private const int ShortestSecret = 8;

    public static string Of(string text, string? key)
    {
        if (string.IsNullOrEmpty(key) || !text.Contains(key, StringComparison.Ordinal))
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
            if ((at == 0 || !char.IsLetterOrDigit(text[at - 1])) && (end == text.Length || !char.IsLetterOrDigit(text[end])))
            {
                text = string.Concat(text.AsSpan(0, at), Mark, text.AsSpan(end));
                at += Mark.Length - 1;
            }
        }

        return text;
    }
}
