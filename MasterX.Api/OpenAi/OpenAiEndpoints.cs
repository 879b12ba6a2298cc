using MasterX.Api.Keys;
using MasterX.Api.Usage;
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
        MapPost("/responses", "createResponse", "A response, in OpenAI's format, from OpenAI-compatible providers, streamed or not").Accepts<ResponseRequest>("application/json").Streams<ModelResponse>();
        v1.MapGet("/models", ForwardAsync).WithName("listModels").WithSummary("The names that can be asked for").Produces<ModelList>().RefusesAsOpenAi();
        v1.MapGet("/models/{**id}", ForwardNamedAsync).WithName("getModel").WithSummary("One of the names").Produces<Model>().RefusesAsOpenAi(400, 404);

        RouteHandlerBuilder MapPost(string path, string name, string summary) =>
            v1.MapPost(path, ForwardPaidAsync).WithName(name).WithSummary(summary).RefusesAsOpenAi(400, 404, 413, 415, 504);
    }

    private static Task ForwardAsync(HttpContext context, GatewayForwarder forwarder) => forwarder.ForwardAsync(context);

    /// <param name="_">For the API's description: the path is forwarded as it is.</param>
    /// <param name="context">The caller's.</param>
    /// <param name="forwarder">Forwards it.</param>
    private static Task ForwardNamedAsync([FromRoute(Name = "id")] string _, HttpContext context, GatewayForwarder forwarder) => forwarder.ForwardAsync(context);

    private static async Task ForwardPaidAsync(HttpContext context, GatewayForwarder forwarder, Budget budget)
    {
        if (await budget.AllowsAsync(context.Consumer(), context.RequestAborted))
        {
            await forwarder.ForwardAsync(context);
            return;
        }

        // OpenAI's clients try a 429 again, unless they are told that it is of no use.
        context.Response.Headers["x-should-retry"] = "false";
        await OpenAiError.WriteAsync(context, StatusCodes.Status429TooManyRequests, UsageServices.Refusal(context.Consumer()), "insufficient_quota", "insufficient_quota");
    }

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
