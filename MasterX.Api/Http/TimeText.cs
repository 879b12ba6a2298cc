using System.Globalization;

namespace MasterX.Api.Http;

/// <summary>Days and times in a query: a day means all of it, a time that moment.</summary>
internal static class TimeText
{
    /// <param name="name">The parameter's.</param>
    /// <param name="value">Its value; <see langword="null"/> where it is not given.</param>
    /// <param name="isEnd">Whether what is asked for ends with it: a day belongs to it then.</param>
    /// <param name="time">The first moment, or the first after it.</param>
    /// <returns>What is wrong; <see langword="null"/> where all is well.</returns>
    public static string? Read(string name, string? value, bool isEnd, out DateTimeOffset? time)
    {
        time = null;
        if (value is null)
        {
            return null;
        }

        if (DateOnly.TryParseExact(value, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day))
        {
            time = (isEnd, day == DateOnly.MaxValue) switch
            {
                (true, true) => DateTimeOffset.MaxValue,
                (true, false) => new DateTimeOffset(day.AddDays(1).ToDateTime(TimeOnly.MinValue), TimeSpan.Zero),
                _ => new DateTimeOffset(day.ToDateTime(TimeOnly.MinValue), TimeSpan.Zero),
            };
            return null;
        }

        // A time without an offset would be whose?
        if (value.Contains('T', StringComparison.Ordinal) && (value.EndsWith('Z') || value.AsSpan(value.IndexOf('T', StringComparison.Ordinal)).ContainsAny("+- "))
            && DateTimeOffset.TryParse(value.Replace(' ', '+'), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var moment))
        {
            time = moment;
            return null;
        }

        return $"{name} must be a day (2026-11-24), or a time with its offset (2026-11-24T12:00:00Z).";
    }
}
