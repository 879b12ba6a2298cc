using System.Collections.Concurrent;
using System.Text.Json.Nodes;

namespace MasterX.ProviderEmulator.Wire;

/// <summary>Whole responses, to be asked for again and deleted (<see href="https://platform.openai.com/docs/api-reference/responses/get"/>).</summary>
internal sealed class KeptResponses
{
    /// <summary>Once there are more, all are forgotten: it is no database.</summary>
    private const int Most = 1000;

    private readonly ConcurrentDictionary<(string Provider, string Id), string> _kept = [];

    public void Keep(string provider, JsonObject response)
    {
        if (_kept.Count >= Most)
        {
            _kept.Clear();
        }

        _kept[(provider, response["id"]!.GetValue<string>())] = response.ToJsonString();
    }

    public Task WriteAsync(HttpContext context, string provider, string id) =>
        _kept.TryGetValue((provider, id), out var response) ? WriteJsonAsync(context, response) : NotFoundAsync(context, provider, id);

    public Task DeleteAsync(HttpContext context, string provider, string id) => _kept.TryRemove((provider, id), out _)
        ? WriteJsonAsync(context, new JsonObject { ["id"] = id, ["object"] = "response", ["deleted"] = true }.ToJsonString())
        : NotFoundAsync(context, provider, id);

    private static Task NotFoundAsync(HttpContext context, string provider, string id) =>
        ErrorBodies.WriteAsync(context, provider, 404, $"Response with id '{id}' not found.");

    private static Task WriteJsonAsync(HttpContext context, string json)
    {
        context.Response.ContentType = "application/json";
        return context.Response.WriteAsync(json, context.RequestAborted);
    }
}
