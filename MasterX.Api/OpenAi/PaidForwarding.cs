using MasterX.Api.Anthropic;
using MasterX.Api.Calls;
using MasterX.Api.Idempotency;
using MasterX.Api.Keys;

namespace MasterX.Api.OpenAi;

/// <summary>
/// Forwards what costs something, as long as the consumer's budget allows it. The body is read whole before, as what a call may cost stands
/// in it.
/// </summary>
internal static class PaidForwarding
{
    public static async Task ForwardAsync(HttpContext context, GatewayForwarder forwarder, CallBook book, TimeProvider time)
    {
        if (await ForwardedBody.ReadAsync(context) is not { } body)
        {
            return;
        }

        var facts = CallFacts.Of(body.Span);
        facts = facts with { Tags = CallTags.Of(context.Request, facts.Tags) };
        if (await AllowedDoors.RefuseAsync(context, facts))
        {
            return;
        }

        await context.ConfirmHoldAsync();
        OpenedCall opened;
        try
        {
            opened = await book.OpenAsync(context.Caller(), facts, context.RequestAborted);
        }
        catch (CallRefusedException refused)
        {
            // Clients try a 429 again, unless they are told that it is of no use.
            context.Response.Headers["x-should-retry"] = "false";
            await (AnthropicEndpoints.IsSpokenBy(context.Request)
                ? AnthropicErrorAnswer.WriteAsync(context, StatusCodes.Status429TooManyRequests, refused.Message)
                : OpenAiError.WriteAsync(context, StatusCodes.Status429TooManyRequests, refused.Message, "insufficient_quota", "insufficient_quota"));
            return;
        }

        context.Response.WriteLeft(opened);
        await forwarder.ForwardAsync(context, opened.Call, KeptCall.Of(context, context.Caller(), opened.Call, body, time));
    }

    /// <summary>Forwards what costs nothing, and names a model all the same.</summary>
    public static async Task ForwardUnpaidAsync(HttpContext context, GatewayForwarder forwarder)
    {
        if (context.Caller().IsConfined && (await ForwardedBody.ReadAsync(context) is not { } body || await AllowedDoors.RefuseAsync(context, CallFacts.Of(body.Span))))
        {
            return;
        }

        await forwarder.ForwardAsync(context);
    }
}
