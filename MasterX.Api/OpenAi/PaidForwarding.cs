using MasterX.Api.Anthropic;
using MasterX.Api.Keys;
using MasterX.Api.Usage;

namespace MasterX.Api.OpenAi;

/// <summary>Forwards what costs something, as long as the consumer's budget allows it.</summary>
internal static class PaidForwarding
{
    public static async Task ForwardAsync(HttpContext context, GatewayForwarder forwarder, Budget budget)
    {
        if (await budget.AllowsAsync(context.Consumer(), context.RequestAborted))
        {
            await forwarder.ForwardAsync(context);
            return;
        }

        // Clients try a 429 again, unless they are told that it is of no use.
        context.Response.Headers["x-should-retry"] = "false";
        var refusal = UsageServices.Refusal(context.Consumer());
        await (AnthropicEndpoints.IsSpokenBy(context.Request)
            ? AnthropicErrorAnswer.WriteAsync(context, StatusCodes.Status429TooManyRequests, refusal)
            : OpenAiError.WriteAsync(context, StatusCodes.Status429TooManyRequests, refusal, "insufficient_quota", "insufficient_quota"));
    }
}
