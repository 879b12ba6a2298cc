using MasterX.Api.Idempotency;
using MasterX.Api.Keys;
using Microsoft.AspNetCore.Mvc;

namespace MasterX.Api.OpenAi;

/// <summary><c>/v1</c>: the gateway's OpenAI-compatible API, behind a consumer's key.</summary>
internal static class OpenAiEndpoints
{
    public const string Prefix = "/v1";

    public static void MapOpenAi(this WebApplication app)
    {
        var v1 = app.MapGroup(Prefix).RequireAuthorization(ConsumerScopes.Generate).WithTags("OpenAI").DisableValidation();
        MapPost("/chat/completions", "createChatCompletion", "A chat completion, in OpenAI's format, streamed or not").Accepts<ChatCompletionRequest>("application/json").Streams<ChatCompletion>();
        MapPost("/embeddings", "createEmbedding", "Embeddings, in OpenAI's format").Accepts<EmbeddingRequest>("application/json").Produces<EmbeddingList>();
        MapPost("/responses", "createResponse", "A response, in OpenAI's format, streamed or not").Accepts<ResponseRequest>("application/json").Streams<ModelResponse>();
        v1.MapGet("/responses/{id}", ForwardNamedAsync).WithName("getResponse").WithSummary("A response that its provider keeps").Produces<ModelResponse>().RefusesAsOpenAi(400, 404);
        v1.MapDelete("/responses/{id}", ForwardNamedAsync).WithName("deleteResponse").WithSummary("Has its provider forget a response").Produces<DeletedResponse>().RefusesAsOpenAi(400, 404);
        v1.MapGet("/models", ListModelsAsync).WithName("listModels").WithSummary("The names that you can ask for").Produces<ModelList>().RefusesAsOpenAi();
        v1.MapGet("/models/{**id}", GetModelAsync).WithName("getModel").WithSummary("One of the names").Produces<Model>().RefusesAsOpenAi(400, 404);

        RouteHandlerBuilder MapPost(string path, string name, string summary) =>
            v1.MapPost(path, PaidForwarding.ForwardAsync).WithName(name).WithSummary(summary).IsIdempotent().RefusesAsOpenAi(400, 404, 413, 415, 422, 504);
    }

    private static Task ListModelsAsync(HttpContext context, AllowedModels models) => models.ListAsync(context);

    private static async Task GetModelAsync([FromRoute(Name = "id")] string id, HttpContext context, GatewayForwarder forwarder)
    {
        // Clients escape the slash of provider/model, and the server leaves that one escape as it is.
        if (!await AllowedDoors.RefuseAsync(context, id.Replace("%2F", "/", StringComparison.OrdinalIgnoreCase)))
        {
            await forwarder.ForwardAsync(context);
        }
    }

    /// <param name="_">For the API's description: the path is forwarded as it is.</param>
    /// <param name="context">The caller's.</param>
    /// <param name="forwarder">Forwards it.</param>
    private static Task ForwardNamedAsync([FromRoute(Name = "id")] string _, HttpContext context, GatewayForwarder forwarder) => forwarder.ForwardAsync(context);

    private static RouteHandlerBuilder Streams<T>(this RouteHandlerBuilder endpoint) => endpoint.Produces<T>(StatusCodes.Status200OK, "application/json", "text/event-stream");

    private static RouteHandlerBuilder RefusesAsOpenAi(this RouteHandlerBuilder endpoint, params ReadOnlySpan<int> statuses)
    {
        foreach (var status in (ReadOnlySpan<int>)[.. statuses, 401, 403, 429, 500, 503])
        {
            endpoint.Produces<OpenAiErrorAnswer>(status);
        }

        return endpoint;
    }
}
