using System.Text.Json;
using MasterX.AiGateway.Translation.Vocabulary;

namespace MasterX.AiGateway.Translation.Requests;

/// <summary>
/// Tools that a provider runs itself: searching the web, drawing. An agent offers them beside its own tools in every request, and does
/// without them as well: they are left out then, and listed. Where one of them is all that is offered it is what the request is about, and
/// goes to a provider that has it, or is refused; so is one that must be called. Those that reach into what a caller keeps with a provider,
/// its files or servers, are not of them: without these the answer is another one.
/// </summary>
internal static class HostedTools
{
    private static readonly string[] Kinds = ["web_search", "web_fetch", "image_generation", "tool_search"];

    /// <param name="type">A tool's; dated ones are meant by their beginnings.</param>
    public static bool Knows(string? type) => type is not null && Array.Exists(Kinds, kind => type.StartsWith(kind, StringComparison.Ordinal));

    /// <summary>Decides about them, once all tools are known.</summary>
    /// <param name="hosted">Those the caller offers.</param>
    /// <param name="hasFunctions">Whether there are others beside them.</param>
    /// <param name="ignored">Receives the names of those that are left out.</param>
    /// <param name="others">Receives the rest, which a writer says or refuses.</param>
    /// <returns>The search of the web, if that is what is offered and nothing else.</returns>
    public static WebSearch? Settle(List<JsonElement> hosted, bool hasFunctions, List<string> ignored, List<KeyValuePair<string, JsonElement>> others)
    {
        foreach (var tool in hosted)
        {
            if (hasFunctions)
            {
                ignored.Add($"tools.{tool.Text("type")}");
            }
            else
            {
                others.Add(new("tools", tool));
            }
        }

        return !hasFunctions && hosted is [var only] && only.Text("type")!.StartsWith("web_search", StringComparison.Ordinal) ? Read(only, ignored) : null;
    }

    /// <summary>As OpenAI (<c>filters</c>, in its own words) or Anthropic has it.</summary>
    private static WebSearch Read(JsonElement tool, List<string> ignored)
    {
        var filters = tool.Field("filters") ?? tool;
        JsonFields.TellUnread(tool, "tools", ignored, "type", "name", "filters", "allowed_domains", "blocked_domains", "max_uses", "user_location", "external_web_access", "cache_control");
        return new WebSearch(
            [.. filters.Elements("allowed_domains").Select(domain => JsonFields.TextOf(domain, "tools"))],
            [.. filters.Elements("blocked_domains").Select(domain => JsonFields.TextOf(domain, "tools"))],
            tool.Field("max_uses") is { } most ? JsonFields.SmallOf(most, "tools") : null, tool.Field("user_location"));
    }
}
