using MasterX.Api.Idempotency;
using MasterX.Api.Keys;
using MasterX.Api.OpenAi;

namespace MasterX.Api.Anthropic;

/// <summary><c>/v1/messages</c>: Anthropic's API of the gateway, behind a consumer's key. The list of models both APIs have at one path.</summary>
internal static class AnthropicEndpoints
{
    public const string Prefix = "/v1/messages";

    /// <summary>Clients of Anthropic's API send it with everything; it tells whose form a shared path is to answer in.</summary>
    public const string VersionHeader = "anthropic-version";

    public static void MapAnthropic(this WebApplication app)
    {
        var messages = app.MapGroup(Prefix).RequireAuthorization(ConsumerScopes.Generate).WithTags("Anthropic").DisableValidation();
        messages.MapPost("", PaidForwarding.ForwardAsync).WithName("createMessage").WithSummary("A message, in Anthropic's format, streamed or not").IsIdempotent()
            .Accepts<MessageRequest>("application/json").Produces<Message>(StatusCodes.Status200OK, "application/json", "text/event-stream").Refuses(400, 404, 413, 415, 422, 504);
        messages.MapPost("/count_tokens", PaidForwarding.ForwardUnpaidAsync)
            .WithName("countTokens").WithSummary("How many tokens a message's request has; reckoned where no provider of the model counts")
            .Accepts<MessageRequest>("application/json").Produces<MessageTokenCount>().Refuses(400, 404, 413, 415, 504);
    }

    /// <summary>Whether a client of Anthropic's API asks.</summary>
    public static bool IsSpokenBy(HttpRequest request) =>
        request.Path.StartsWithSegments(Prefix)
        || (request.Headers.ContainsKey(VersionHeader) && request.Path.StartsWithSegments("/v1/models"));

    private static RouteHandlerBuilder Refuses(this RouteHandlerBuilder endpoint, params ReadOnlySpan<int> statuses)
    {
        foreach (var status in (ReadOnlySpan<int>)[.. statuses, 401, 403, 429, 500, 503])
        {
            endpoint.Produces<AnthropicErrorAnswer>(status);
        }

        return endpoint;
    }
}
