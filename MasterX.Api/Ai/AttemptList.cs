using System.Globalization;

namespace MasterX.Api.Ai;

/// <summary>Reads the gateway's header <c>x-masterx-attempt-list</c>: <c>gemini;model="m";outcome=provider_failed;status=503;ms=12, groq;…</c>.</summary>
internal static class AttemptList
{
    public static IReadOnlyList<GenerationAttempt> Parse(string? header) => string.IsNullOrEmpty(header)
        ? []
        : [.. header.Split(", ").Select(ParseOne)];

    private static GenerationAttempt ParseOne(string text)
    {
        var parts = text.Split(';');
        var values = parts.Skip(1).Select(part => part.Split('=', 2)).Where(pair => pair.Length == 2).ToDictionary(pair => pair[0], pair => pair[1].Trim('"'));
        return new(
            parts[0],
            values.GetValueOrDefault("model"),
            values.GetValueOrDefault("outcome", "unknown"),
            Number("status") is { } status ? (int)status : null,
            Number("ms") ?? 0);

        long? Number(string name) => long.TryParse(values.GetValueOrDefault(name), CultureInfo.InvariantCulture, out var number) ? number : null;
    }
}
