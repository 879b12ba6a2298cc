using System.Globalization;
using Microsoft.Net.Http.Headers;

namespace MasterX.Api.Http;

/// <summary>Versions as strong entity tags, <c>"7"</c> (RFC 9110, 8.8.3 and 13.1).</summary>
internal static class EntityTag
{
    public static void Write(HttpResponse response, long version) => response.Headers.ETag = Of(version);

    /// <summary>Whether a change that names versions may be made to this one; without <c>If-Match</c> it may.</summary>
    public static bool Matches(string? ifMatch, long version)
    {
        if (string.IsNullOrWhiteSpace(ifMatch))
        {
            return true;
        }

        return EntityTagHeaderValue.TryParseList([ifMatch], out var tags)
            && tags.Any(tag => tag.Equals(EntityTagHeaderValue.Any) || (!tag.IsWeak && tag.Tag.Equals(Of(version), StringComparison.Ordinal)));
    }

    /// <summary>Whether the caller has this version already, as <c>If-None-Match</c> says.</summary>
    public static bool IsKnown(HttpRequest request, long version) =>
        EntityTagHeaderValue.TryParseList([.. request.Headers.IfNoneMatch.OfType<string>()], out var tags)
        && tags.Any(tag => tag.Equals(EntityTagHeaderValue.Any) || tag.Tag.Equals(Of(version), StringComparison.Ordinal));

    private static string Of(long version) => string.Create(CultureInfo.InvariantCulture, $"\"{version}\"");
}
