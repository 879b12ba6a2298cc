using System.Text.Json;
using System.Text.Json.Nodes;
using MasterX.ProviderEmulator.Answers;
using MasterX.ProviderEmulator.Faults;

namespace MasterX.ProviderEmulator.Wire;

/// <summary>Gemini's <c>generateContent</c> and <c>streamGenerateContent?alt=sse</c> (<see href="https://ai.google.dev/api/generate-content"/>).</summary>
internal static class GeminiWire
{
    private const string Provider = "gemini";
    private const string GenerateSuffix = ":generateContent";
    private const string StreamSuffix = ":streamGenerateContent";

    public static void MapGeminiWire(this WebApplication app) =>
        app.MapPost("/gemini/models/{modelAndMethod}", async (HttpContext context, string modelAndMethod, FaultTable faults) =>
        {
            var (stream, plain) = (modelAndMethod.EndsWith(StreamSuffix, StringComparison.Ordinal), modelAndMethod.EndsWith(GenerateSuffix, StringComparison.Ordinal));
            if (!stream && !plain)
            {
                await ErrorBodies.WriteAsync(context, Provider, 404, $"There is no method '{modelAndMethod}'.");
                return;
            }

            var model = modelAndMethod[..^(stream ? StreamSuffix : GenerateSuffix).Length];
            await GenerateAsync(context, model, stream, faults.Of(Provider));
        });

    private static async Task GenerateAsync(HttpContext context, string model, bool stream, Fault? fault)
    {
        if (await OpenAiWire.ReadAsync(context, Provider) is not { } request)
        {
            return;
        }

        if (!request.TryGetProperty("contents", out var contents) || contents.ValueKind != JsonValueKind.Array || contents.GetArrayLength() == 0)
        {
            await ErrorBodies.WriteAsync(context, Provider, 400, "* GenerateContentRequest.contents: contents is not specified");
            return;
        }

        if (GeminiSignatures.FindProblem(model, contents) is { } problem)
        {
            await ErrorBodies.WriteAsync(context, Provider, 400, problem);
            return;
        }

        var last = contents[contents.GetArrayLength() - 1];
        var configuration = request.TryGetProperty("generationConfig", out var given) ? given : default;
        var answer = EmulatedAnswer.To(
            Provider, model, Text(last), contents.EnumerateArray().Sum(turn => Text(turn).Length),
            configuration.ValueKind == JsonValueKind.Object && configuration.TryGetProperty("maxOutputTokens", out var most) && most.TryGetInt32(out var limit) ? limit : null,
            Schema(configuration), Call(request, last));
        if (stream)
        {
            await StreamAsync(new Sse(context, fault), model, answer);
        }
        else
        {
            await PlainAnswer.WriteAsync(context, fault, Response(model, answer, Parts(model, answer), FinishReason(answer), whole: true));
        }
    }

    private static async Task StreamAsync(Sse events, string model, EmulatedAnswer answer)
    {
        events.Begin();
        if (answer.Call is not null)
        {
            await events.SendAsync(Response(model, answer, Parts(model, answer), FinishReason(answer), whole: true));
            return;
        }

        for (var i = 0; i < answer.Tokens.Count; i++)
        {
            var last = i == answer.Tokens.Count - 1;
            var parts = new JsonArray(new JsonObject { ["text"] = answer.Tokens[i].Text });
            if (!await events.SendAsync(Response(model, answer, parts, last ? FinishReason(answer) : null, whole: last)))
            {
                return;
            }
        }
    }

    private static JsonObject Response(string model, EmulatedAnswer answer, JsonArray parts, string? finish, bool whole)
    {
        var candidate = new JsonObject { ["content"] = new JsonObject { ["parts"] = parts, ["role"] = "model" }, ["index"] = 0 };
        if (finish is not null)
        {
            candidate["finishReason"] = finish;
        }

        if (whole && answer.Call is null)
        {
            candidate["avgLogprobs"] = answer.MeanLogProbability;
        }

        return new JsonObject
        {
            ["candidates"] = new JsonArray(candidate),
            ["usageMetadata"] = new JsonObject
            {
                ["promptTokenCount"] = answer.PromptTokens,
                ["candidatesTokenCount"] = whole ? answer.CompletionTokens : 1,
                ["totalTokenCount"] = answer.PromptTokens + (whole ? answer.CompletionTokens : 1),
            },
            ["modelVersion"] = model,
            ["responseId"] = $"emulated-{model}-{answer.PromptTokens}-{answer.CompletionTokens}",
            ["emulated"] = true,
        };
    }

    private static JsonArray Parts(string model, EmulatedAnswer answer)
    {
        if (answer.Call is not { } call)
        {
            return new JsonArray(new JsonObject { ["text"] = answer.Text });
        }

        var part = new JsonObject { ["functionCall"] = new JsonObject { ["name"] = call.Name, ["args"] = JsonNode.Parse(call.Arguments) } };
        if (GeminiSignatures.AreWanted(model))
        {
            part["functionCall"]!["id"] = $"call-{call.Name}";
            part["thoughtSignature"] = GeminiSignatures.Of(call.Name);
        }

        return new JsonArray(part);
    }

    private static string FinishReason(EmulatedAnswer answer) => answer.Length ? "MAX_TOKENS" : "STOP";

    private static FunctionCall? Call(JsonElement request, JsonElement last)
    {
        if (!request.TryGetProperty("tools", out var tools) || tools.ValueKind != JsonValueKind.Array || tools.GetArrayLength() == 0
            || last.GetProperty("parts").EnumerateArray().Any(part => part.TryGetProperty("functionResponse", out _))
            || !tools[0].TryGetProperty("functionDeclarations", out var functions))
        {
            return null;
        }

        var parameters = functions[0].TryGetProperty("parametersJsonSchema", out var schema) || functions[0].TryGetProperty("parameters", out schema) ? SchemaSample.Of(schema) : "{}";
        return new(functions[0].GetProperty("name").GetString()!, parameters);
    }

    private static JsonElement? Schema(JsonElement configuration)
    {
        if (configuration.ValueKind != JsonValueKind.Object)
        {
            return null;
        }

        if (configuration.TryGetProperty("responseJsonSchema", out var schema) || configuration.TryGetProperty("responseSchema", out schema))
        {
            return schema;
        }

        return configuration.TryGetProperty("responseMimeType", out var type) && type.ValueEquals("application/json")
            ? JsonElement.Parse("""{"type":"object","properties":{"emulated":{"type":"boolean"}}}""")
            : null;
    }

    private static string Text(JsonElement turn) => turn.TryGetProperty("parts", out var parts) && parts.ValueKind == JsonValueKind.Array
        ? string.Concat(parts.EnumerateArray().Select(part => part.TryGetProperty("text", out var text) ? text.GetString() : ""))
        : "";
}
