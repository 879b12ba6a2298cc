using System.Globalization;
using System.Text.Json;
using MasterX.AiGateway.Prices;
using MasterX.AiGateway.Requests;

namespace MasterX.AiGateway.Providers;

/// <summary><c>GET /v1/models</c>, in OpenAI's form or Anthropic's, and <c>GET /providers</c>, the state of each provider.</summary>
internal sealed class ProviderEndpoints(GatewayConfiguration configuration, PriceList prices)
{
    /// <summary>When this list of models began to exist; OpenAI's clients expect a number.</summary>
    internal static readonly DateTimeOffset Begun = DateTimeOffset.UtcNow;

    public Task ListModelsAsync(HttpContext context) => CallerError.SpeaksAnthropic(context.Request)
        ? AnthropicModels.ListAsync(context, configuration.Routes)
        : WriteAsync(context, WriteModels);

    private void WriteModels(Utf8JsonWriter json)
    {
        json.WriteString("object", "list");
        json.WriteStartArray("data");
        foreach (var (name, owner) in configuration.Routes.Names)
        {
            json.WriteStartObject();
            WriteModel(json, name, owner);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    /// <summary><c>GET /v1/models/{id}</c>; an id may contain slashes.</summary>
    public Task GetModelAsync(HttpContext context)
    {
        // OpenAI's clients escape the slash of provider/model, and the server leaves that one escape as it is, so that it does not become a path.
        var id = ((string)context.Request.RouteValues["id"]!).Replace("%2F", "/", StringComparison.OrdinalIgnoreCase);
        return configuration.Routes.Resolve(id) is { } route
            ? WriteAsync(context, json =>
            {
                if (CallerError.SpeaksAnthropic(context.Request))
                {
                    AnthropicModels.Write(json, id);
                }
                else
                {
                    WriteModel(json, id, route.Candidates[0].Provider.Name);
                }
            })
            : CallerError.WriteAsync(context, StatusCodes.Status404NotFound, $"The model '{id}' does not exist. GET /v1/models lists what there is.", CallerError.InvalidRequest, "model_not_found", "model");
    }

    public Task ListProvidersAsync(HttpContext context) => WriteAsync(context, json =>
    {
        json.WriteStartArray("providers");
        foreach (var provider in configuration.Routes.Providers)
        {
            json.WriteStartObject();
            json.WriteString("name", provider.Name);
            json.WriteString("kind", provider.Kind);
            json.WriteString("default_model", provider.Options.DefaultModel);
            json.WriteString("status", provider.IsAvailable ? "available" : "unavailable");
            json.WriteBoolean("reachable", provider.IsReachable);
            json.WriteNumber("cooling_down_seconds", Math.Ceiling(provider.Limits.CoolingFor.TotalSeconds));
            WriteLimit(json, "requests_left", provider.Limits.RequestsLeft);
            WriteLimit(json, "tokens_left", provider.Limits.TokensLeft);
            WriteLimit(json, "calls_left", provider.Limits.PlacesLeft);
            WriteKeys(json, provider);
            json.WriteStartArray("models");
            foreach (var candidate in provider.Candidates)
            {
                json.WriteStartObject();
                json.WriteString("name", candidate.Model);
                json.WriteString("circuit", candidate.Gate.CircuitName);
                json.WriteNumber("cooling_down_seconds", Math.Ceiling(candidate.Gate.CoolingFor.TotalSeconds));
                WritePrice(json, prices.QuoteOf(candidate));
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteEndArray();
    });

    /// <summary>Whether the model's answers have a cost, where their price is from, and as of when it holds.</summary>
    private static void WritePrice(Utf8JsonWriter json, Quote quote)
    {
        json.WriteBoolean("priced", quote.Price is not null);
        if (quote.Answered is { } answered)
        {
            json.WriteString("answers_as", answered);
        }

        if (quote.Price is not { } price)
        {
            return;
        }

        json.WriteStartObject("price");
        json.WriteString("from", quote.Origin switch { PriceOrigin.Setting => "setting", PriceOrigin.Default => "default", _ => quote.Entry!.Source });
        if (quote.Entry is { } entry)
        {
            json.WriteString("of", $"{entry.Provider}/{entry.Model}");
            json.WriteString("as_of", entry.Date.ToString("O", CultureInfo.InvariantCulture));
            if (entry.Disputed)
            {
                json.WriteBoolean("disputed", true);
            }
        }

        json.WriteNumber("input", price.Input ?? 0);
        json.WriteNumber("output", price.Output ?? 0);
        json.WriteEndObject();
    }

    /// <summary>Of several keys, each by its index; of the only one, all is said with the provider.</summary>
    private static void WriteKeys(Utf8JsonWriter json, Provider provider)
    {
        if (!provider.Limits.HasSeveralKeys)
        {
            return;
        }

        json.WriteStartArray("keys");
        foreach (var key in provider.Limits.Keys.Span)
        {
            json.WriteStartObject();
            json.WriteNumber("index", key.Index);
            json.WriteNumber("cooling_down_seconds", Math.Ceiling(key.Limits.CoolDown.Left.TotalSeconds));
            WriteLimit(json, "requests_left", key.Limits.RequestsLeft);
            WriteLimit(json, "tokens_left", key.Limits.TokensLeft);
            WriteLimit(json, "calls_left", key.Limits.PlacesLeft);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteLimit(Utf8JsonWriter json, string name, long? left)
    {
        if (left is { } number)
        {
            json.WriteNumber(name, number);
        }
    }

    private static void WriteModel(Utf8JsonWriter json, string name, string owner)
    {
        json.WriteString("id", name);
        json.WriteString("object", "model");
        json.WriteNumber("created", Begun.ToUnixTimeSeconds());
        json.WriteString("owned_by", owner);
    }

    internal static async Task WriteAsync(HttpContext context, Action<Utf8JsonWriter> write)
    {
        using var buffer = new PooledBuffer(1024);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            write(json);
            json.WriteEndObject();
        }

        context.Response.ContentType = "application/json";
        context.Response.ContentLength = buffer.Length;
        await context.Response.BodyWriter.WriteAsync(buffer.Memory, context.RequestAborted);
    }
}
