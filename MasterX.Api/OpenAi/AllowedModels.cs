using System.Net;
using System.Net.Http.Headers;
using System.Text.Json.Nodes;
using MasterX.Api.Ai;
using MasterX.Api.Anthropic;
using MasterX.Api.Keys;

namespace MasterX.Api.OpenAi;

/// <summary>
/// <c>GET /v1/models</c> for a caller who may not ask for all of them: of the gateway's list, in OpenAI's form or Anthropic's, what the caller may. Of a list in pages a page can be
/// shorter than was asked for; it is empty only where nothing follows.
/// </summary>
internal sealed class AllowedModels(GatewayForwarder forwarder, GatewayConnections connections, IConfiguration configuration)
{
    private static readonly Uri Gateway = new(AiServices.GatewayAddress);

    public async Task ListAsync(HttpContext context)
    {
        var caller = context.Caller();
        if (!caller.IsConfined)
        {
            await forwarder.ForwardAsync(context);
            return;
        }

        var query = context.Request.QueryString;
        while (true)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(Gateway, $"{context.Request.Path}{query}"));
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", configuration["Gateway:Token"]);
            if (context.Request.Headers.TryGetValue(AnthropicEndpoints.VersionHeader, out var version))
            {
                request.Headers.TryAddWithoutValidation(AnthropicEndpoints.VersionHeader, version.AsEnumerable());
            }

            var (status, list) = await ReadAsync(request, context.RequestAborted);
            if (status != HttpStatusCode.OK || list["data"] is not JsonArray models)
            {
                context.Response.StatusCode = (int)status;
                await context.Response.WriteAsJsonAsync(list, context.RequestAborted);
                return;
            }

            JsonNode?[] hidden = [.. models.Where(model => AllowList.RefusalOf(caller, (string?)model?["id"] ?? "") is not null)];
            var (first, last) = ((string?)models.FirstOrDefault()?["id"], (string?)models.LastOrDefault()?["id"]);
            foreach (var model in hidden)
            {
                models.Remove(model);
            }

            if (models.Count == 0 && hidden.Length > 0 && (bool?)list["has_more"] == true)
            {
                // None of this page: the next one, in the direction in which the caller goes through them.
                var limit = context.Request.Query["limit"] is [{ } asked] ? $"&limit={Uri.EscapeDataString(asked)}" : "";
                query = new($"?{(context.Request.Query.ContainsKey("before_id") ? $"before_id={Uri.EscapeDataString(first!)}" : $"after_id={Uri.EscapeDataString(last!)}")}{limit}");
                continue;
            }

            if (list.ContainsKey("first_id"))
            {
                (list["first_id"], list["last_id"]) = ((string?)models.FirstOrDefault()?["id"], (string?)models.LastOrDefault()?["id"]);
            }

            await context.Response.WriteAsJsonAsync(list, context.RequestAborted);
            return;
        }
    }

    private async Task<(HttpStatusCode Status, JsonObject List)> ReadAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        try
        {
            using var answer = await connections.Invoker.SendAsync(request, cancellationToken);
            if (answer.StatusCode == HttpStatusCode.Unauthorized)
            {
                // The gateway does not accept this service's token: no fault of the consumer's.
                throw new GatewayUnavailableException("The AI gateway does not accept Gateway__Token.", null);
            }

            return (answer.StatusCode, await JsonNode.ParseAsync(await answer.Content.ReadAsStreamAsync(cancellationToken), cancellationToken: cancellationToken) as JsonObject ?? []);
        }
        catch (Exception error) when (error is HttpRequestException or System.Text.Json.JsonException or IOException)
        {
            throw new GatewayUnavailableException("The AI gateway does not answer.", error);
        }
    }
}
