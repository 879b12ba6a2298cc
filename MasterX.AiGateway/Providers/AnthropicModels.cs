using System.Globalization;
using System.Text.Json;
using MasterX.AiGateway.Requests;
using MasterX.AiGateway.Routing;

namespace MasterX.AiGateway.Providers;

/// <summary>The list of models as Anthropic's API gives it, in pages (<see href="https://docs.anthropic.com/en/api/models-list"/>).</summary>
internal static class AnthropicModels
{
    private const int UsualPage = 20, LargestPage = 1000;

    public static Task ListAsync(HttpContext context, RouteTable routes)
    {
        var query = context.Request.Query;
        if (!TryReadLimit(query["limit"], out var limit))
        {
            return CallerError.BadRequestAsync(context, $"'limit' must be a whole number from 1 to {LargestPage}.", "limit");
        }

        string[] names = [.. routes.Names.Select(entry => entry.Name)];
        var (from, to) = (0, names.Length);
        if (query["after_id"] is [{ } after])
        {
            from = Array.IndexOf(names, after) + 1;
        }
        else if (query["before_id"] is [{ } before] && Array.IndexOf(names, before) is >= 0 and { } end)
        {
            to = end;
            from = Math.Max(0, to - limit);
        }

        var page = names[from..Math.Min(to, from + limit)];
        var more = query.ContainsKey("before_id") ? from > 0 : from + page.Length < names.Length;
        return ProviderEndpoints.WriteAsync(context, json =>
        {
            json.WriteStartArray("data");
            foreach (var name in page)
            {
                json.WriteStartObject();
                Write(json, name);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteBoolean("has_more", more);
            json.WriteString("first_id", page.FirstOrDefault());
            json.WriteString("last_id", page.LastOrDefault());
        });
    }

    public static void Write(Utf8JsonWriter json, string name)
    {
        json.WriteString("type", "model");
        json.WriteString("id", name);
        json.WriteString("display_name", name);
        json.WriteString("created_at", ProviderEndpoints.Begun.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture));
    }

    private static bool TryReadLimit(string? text, out int limit)
    {
        limit = UsualPage;
        return string.IsNullOrEmpty(text)
            || (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out limit) && limit is >= 1 and <= LargestPage);
    }
}
