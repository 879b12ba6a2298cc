using System.Text.Json.Serialization;
using MasterX.AiGateway.Prices;
using MasterX.AiGateway.Requests;

namespace MasterX.AiGateway.Calls;

/// <summary>
/// <c>GET /quote?model=…</c>: what those who may answer for a model or route cost, so that a budget can be held before a call is made.
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
        List<QuoteRow> rows = [];
        foreach (var candidate in route.Candidates)
        {
            if (prices.Of(candidate) is { } price)
            {
                var factor = price.Regions.Count == 0 ? 1 : price.Regions.Values.Append(1).Max();
                rows.AddRange(price.Above.Select(longer => Row(longer.Tokens, price, longer, factor)).Prepend(Row(0, price, null, factor)));
            }
            else
            {
                unpriced.Add($"{candidate.Provider.Name}/{candidate.Model}");
            }
        }

        return context.Response.WriteAsJsonAsync(new QuoteAnswer(unpriced, [.. rows.Distinct()]), QuoteJson.Default.QuoteAnswer, cancellationToken: context.RequestAborted);
    }

    private static QuoteRow Row(int above, ModelPrice price, ContextPrices? longer, decimal factor)
    {
        // What is thought with may cost more than what is said, and nobody knows before how much of it there will be.
        var output = Math.Max(longer?.Output ?? price.Output ?? 0, longer?.Reasoning ?? price.Reasoning ?? 0);
        return new(above, (longer?.Input ?? price.Input ?? 0) * factor, output * factor, price.Request ?? 0);
    }
}

/// <summary>What <c>GET /quote</c> answers.</summary>
/// <param name="Unpriced">Candidates that have no price, as <c>provider/model</c>: what those cost nobody knows.</param>
/// <param name="Rows">The others' prices.</param>
internal sealed record QuoteAnswer(IReadOnlyList<string> Unpriced, IReadOnlyList<QuoteRow> Rows);

/// <summary>What one candidate costs from some size of the prompt on.</summary>
/// <param name="Above">Input tokens beyond which it is the price, unless a later row is.</param>
/// <param name="Input">US dollars per million input tokens.</param>
/// <param name="Output">The same for output tokens.</param>
/// <param name="Request">US dollars for a request as such.</param>
internal sealed record QuoteRow(int Above, decimal Input, decimal Output, decimal Request);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(QuoteAnswer))]
internal sealed partial class QuoteJson : JsonSerializerContext;
