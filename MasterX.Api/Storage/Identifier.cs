namespace MasterX.Api.Storage;

/// <summary>Makes ids and times as both databases keep them.</summary>
internal static class Identifier
{
    /// <summary>A prefix and a version 7 UUID (RFC 9562): unguessable, and sorting by creation.</summary>
    public static string New(string prefix) => Of(prefix, Guid.CreateVersion7());

    public static string Of(string prefix, Guid id) => $"{prefix}_{id:N}";

    /// <summary>When an identifier was made: the first 48 bits of its UUID are milliseconds (RFC 9562, 5.7).</summary>
    public static DateTimeOffset TimeOf(string id) =>
        DateTimeOffset.FromUnixTimeMilliseconds(long.Parse(id.AsSpan(id.LastIndexOf('_') + 1, 12), System.Globalization.NumberStyles.HexNumber, System.Globalization.CultureInfo.InvariantCulture));

    /// <summary>Now, to the millisecond, which is what MongoDB keeps: a time read back is the time that was answered.</summary>
    public static DateTimeOffset Now(TimeProvider time) => ToMilliseconds(time.GetUtcNow());

    public static DateTimeOffset ToMilliseconds(DateTimeOffset time) => DateTimeOffset.FromUnixTimeMilliseconds(time.ToUnixTimeMilliseconds());
}
