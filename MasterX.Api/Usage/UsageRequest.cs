using MasterX.Api.Calls;
using MasterX.Api.Http;

namespace MasterX.Api.Usage;

/// <summary>Reads what <c>GET /api/usage</c> asks for; each refusal says what is wrong with which parameter.</summary>
internal static class UsageRequest
{
    private const string TagPrefix = "tag:";
    private const int LongestDays = 366;
    private const int DefaultDays = 30;

    /// <summary>Reads <c>from</c> and <c>to</c>: days, of which the last belongs to it, or times, of which the last does not.</summary>
    /// <returns>What is wrong; <see langword="null"/> where all is well.</returns>
    public static string? ReadTimes(string? from, string? to, DateTimeOffset now, out UsageQuery query)
    {
        query = new(default, default);
        if (TimeText.Read("to", to, isEnd: true, out var until) is { } wrongEnd)
        {
            return wrongEnd;
        }

        if (TimeText.Read("from", from, isEnd: false, out var first) is { } wrongBegin)
        {
            return wrongBegin;
        }

        until ??= new DateTimeOffset(now.UtcDateTime.Date, TimeSpan.Zero).AddDays(1);
        first ??= until.Value.Ticks > TimeSpan.TicksPerDay * DefaultDays ? until.Value.AddDays(-DefaultDays) : DateTimeOffset.MinValue;
        if (first >= until || until - first > TimeSpan.FromDays(LongestDays))
        {
            return $"from must not be after to, and at most {LongestDays} days before it.";
        }

        query = new(first.Value, until.Value);
        return null;
    }

    /// <summary>Reads <c>group_by</c>.</summary>
    /// <returns>What is wrong; <see langword="null"/> where all is well.</returns>
    public static string? ReadGroups(string? groupBy, ref UsageQuery query)
    {
        if (groupBy is null)
        {
            return null;
        }

        var groups = UsageGroups.None;
        List<string> tags = [];
        foreach (var name in groupBy.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            if (name.StartsWith(TagPrefix, StringComparison.Ordinal) && CallTags.IsName(name[TagPrefix.Length..]))
            {
                tags.Add(name[TagPrefix.Length..]);
                continue;
            }

            UsageGroups? group = name switch
            {
                "project" => UsageGroups.Project,
                "key" => UsageGroups.Key,
                "model" => UsageGroups.Model,
                "provider" => UsageGroups.Provider,
                "day" => UsageGroups.Day,
                "hour" => UsageGroups.Hour,
                _ => null,
            };
            if (group is null)
            {
                return $"group_by has '{name}'; there are project, key, model, provider, tag:NAME, day and hour, separated by commas.";
            }

            groups |= group.Value;
        }

        if (tags.Distinct().Count() != tags.Count || tags.Count > UsageQuery.MostTags)
        {
            return $"group_by may have up to {UsageQuery.MostTags} tags, each once.";
        }

        query = query with { Groups = groups, TagNames = tags };
        return null;
    }

    /// <summary>Reads <c>tag</c>, which is <c>NAME:VALUE</c>.</summary>
    /// <returns>What is wrong; <see langword="null"/> where all is well.</returns>
    public static string? ReadTag(string? tag, ref UsageQuery query)
    {
        if (tag is null)
        {
            return null;
        }

        if (tag.IndexOf(':', StringComparison.Ordinal) is not (var at and > 0) || !CallTags.IsName(tag[..at]))
        {
            return "tag is NAME:VALUE, such as team:search.";
        }

        query = query with { Tag = new(tag[..at], tag[(at + 1)..]) };
        return null;
    }
}
