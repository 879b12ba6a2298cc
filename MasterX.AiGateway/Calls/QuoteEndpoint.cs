using System.Text.Json.Serialization;
using MasterX.AiGateway.Requests;
using MasterX.AiGateway.Telemetry;

namespace MasterX.AiGateway.Calls;

/// <summary>
/// <c>GET /quote?model=…</c>: what those who may answer for a model or route cost at most, so that a budget can be held before a call is made.
/// </summary>
internal sealed class QuoteEndpoint(GatewayConfiguration configuration, PriceList prices)
{
    public Task QuoteAsync(HttpContext context)
    {
        var model = context.Request.Query["model"].ToString();
        if (configuration.Routes.Resolve(model.Length == 0 ? null : model) is not { } route)
        {
            return CallerError.WriteAsync(
                context, StatusCodes.Status404NotFound, "The model is neither a route nor provider/model of a configured provider.", CallerError.InvalidRequest, "model_not_found", "model");
        }

        List<string> unpriced = [];
        var (input, output) = (0m, 0m);
        foreach (var candidate in route.Candidates)
        {
            if (prices.Of(candidate) is { } price)
            {
                (input, output) = (Math.Max(input, price.Input), Math.Max(output, price.Output));
            }
            else
            {
                unpriced.Add($"{candidate.Provider.Name}/{candidate.Model}");
            }
        }

        return context.Response.WriteAsJsonAsync(new QuoteAnswer(unpriced, input, output, 0), QuoteJson.Default.QuoteAnswer, cancellationToken: context.RequestAborted);
    }
}

/// <summary>What <c>GET /quote</c> answers.</summary>
/// <param name="Unpriced">Candidates that have no price, as <c>provider/model</c>: what those cost nobody knows.</param>
/// <param name="Input">The highest price, in US dollars per million input tokens.</param>
/// <param name="Output">The same for output tokens.</param>
/// <param name="Request">The same for a request as such, in US dollars.</param>
internal sealed record QuoteAnswer(IReadOnlyList<string> Unpriced, decimal Input, decimal Output, decimal Request);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(QuoteAnswer))]
internal sealed partial class QuoteJson : JsonSerializerContext;
