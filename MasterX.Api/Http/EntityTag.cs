using System.Globalization;
using Microsoft.Net.Http.Headers;

namespace MasterX.Api.Http;

/// <summary>Versions as strong entity tags, <c>"7"</c> (RFC 9110, 8.8.3 and 13.1).</summary>
internal static class EntityTag
{
    public static void Write(HttpResponse response, long version) => response.Headers.ETag = Of(version);

    /// <summary>What is wrong with an <c>If-Match</c> that <see cref="IsWellFormed"/> does not find to be one.</summary>
    public const string Malformed = "If-Match must be the ETag of the version that is to be changed, in its quotation marks, such as \"7\"; several of them separated by commas; or * for any. Leave it out to change whatever there is.";

    /// <summary>
    /// Whether it can be read, where it is there. One that is empty is a slip of whoever wanted to name a version: to take it for leave to change any would lose what others have written.
    /// </summary>
    public static bool IsWellFormed(string? ifMatch) => ifMatch is null
        || (EntityTagHeaderValue.TryParseStrictList([ifMatch], out var tags) && tags.Count > 0
            && (tags.Count == 1 || tags.All(tag => !tag.Equals(EntityTagHeaderValue.Any)))
            && tags.All(tag => tag.Tag != "\"\""));

    /// <summary>Whether a change that names versions may be made to this one; without <c>If-Match</c> it may.</summary>
    public static bool Matches(string? ifMatch, long version) => ifMatch is null
        || (EntityTagHeaderValue.TryParseStrictList([ifMatch], out var tags)
            && tags.Any(tag => tag.Equals(EntityTagHeaderValue.Any) || (!tag.IsWeak && tag.Tag.Equals(Of(version), StringComparison.Ordinal))));

    /// <summary>Whether the caller has this version already, as <c>If-None-Match</c> says.</summary>
    public static bool IsKnown(HttpRequest request, long version) =>
        EntityTagHeaderValue.TryParseList([.. request.Headers.IfNoneMatch.OfType<string>()], out var tags)
        && tags.Any(tag => tag.Equals(EntityTagHeaderValue.Any) || tag.Tag.Equals(Of(version), StringComparison.Ordinal));

    private static string Of(long version) => string.Create(CultureInfo.InvariantCulture, $"\"{version}\"");
}
