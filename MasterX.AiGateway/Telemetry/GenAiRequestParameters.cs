using System.Diagnostics;
using System.Text.Json;
using MasterX.AiGateway.Requests;
using static MasterX.AiGateway.Telemetry.GenAiJson;

namespace MasterX.AiGateway.Telemetry;

/// <summary>
/// A request's parameters as the conventions' attributes (<c>gen_ai.request.*</c>,
/// <see href="https://github.com/open-telemetry/semantic-conventions-genai/blob/main/docs/registry/attributes/gen-ai.md"/>), for all
/// operations. A parameter
/// that is not of its type is left out: the provider will refuse it.
/// </summary>
internal static class GenAiRequestParameters
{
    private const int MostStopSequences = 16;
    private const int LongestText = 256;

    /// <param name="activity">The call's span.</param>
    /// <param name="request">Its body.</param>
    /// <param name="operation">What is asked for.</param>
    /// <param name="isOpenAi">Whether the provider is OpenAI itself, whose spans have attributes of their own.</param>
    public static void Describe(Activity activity, JsonElement request, Operation operation, bool isOpenAi)
    {
        if (operation == Operation.Embeddings)
        {
            DescribeEmbeddings(activity, request);
            return;
        }

        Set(
            activity, "gen_ai.request.max_tokens",
            Number(request, "max_completion_tokens"u8) ?? Number(request, "max_output_tokens"u8) ?? Number(request, "max_tokens"u8));
        Set(activity, "gen_ai.request.choice.count", Number(request, "n"u8) is var count and not 1 ? count : null);
        Set(activity, "gen_ai.request.seed", Number(request, "seed"u8));
        Set(activity, "gen_ai.request.top_k", Number(request, "top_k"u8));
        Set(activity, "gen_ai.request.temperature", Real(request, "temperature"u8));
        Set(activity, "gen_ai.request.top_p", Real(request, "top_p"u8));
        Set(activity, "gen_ai.request.frequency_penalty", Real(request, "frequency_penalty"u8));
        Set(activity, "gen_ai.request.presence_penalty", Real(request, "presence_penalty"u8));
        Set(activity, "gen_ai.request.stop_sequences", Stop(request));
        var effort = Text(request, "reasoning_effort"u8) ?? Text(Field(request, "reasoning"u8), "effort"u8) ?? Text(Field(request, "output_config"u8), "effort"u8);
        Set(activity, "gen_ai.request.reasoning.level", Short(effort));
        Set(activity, "gen_ai.output.type", OutputType(request));
        Set(activity, "gen_ai.conversation.id", Short(Conversation(request)));
        Set(activity, "gen_ai.request.previous_response.id", Short(Text(request, "previous_response_id"u8)));
        if (isOpenAi)
        {
            activity.SetTag("openai.api.type", operation == Operation.Responses ? "responses" : "chat_completions");
            Set(activity, "openai.request.service_tier", Short(Text(request, "service_tier"u8)));
        }
    }

    private static void DescribeEmbeddings(Activity activity, JsonElement request)
    {
        Set(activity, "gen_ai.embeddings.dimension.count", Number(request, "dimensions"u8));
        Set(activity, "gen_ai.request.encoding_formats", Short(Text(request, "encoding_format"u8)) is { } format ? new[] { format } : null);
    }

    private static string[]? Stop(JsonElement request) => (Field(request, "stop"u8) ?? Field(request, "stop_sequences"u8)) switch
    {
        { ValueKind: JsonValueKind.String } one => [Short(TextOf(one))!],
        { ValueKind: JsonValueKind.Array } several =>
        [
            .. several.EnumerateArray().Take(MostStopSequences)
                .Where(stop => stop.ValueKind == JsonValueKind.String)
                .Select(stop => Short(TextOf(stop))!),
        ],
        _ => null,
    };

    /// <summary>The conventions' <c>text</c>, <c>json</c>, <c>speech</c>: what is asked for, not what comes.</summary>
    private static string? OutputType(JsonElement request)
    {
        foreach (var modality in Elements(request, "modalities"u8))
        {
            if (modality.ValueKind == JsonValueKind.String && modality.ValueEquals("audio"u8))
            {
                return "speech";
            }
        }

        var format = Text(Field(request, "response_format"u8), "type"u8) ?? Text(Field(Field(request, "text"u8), "format"u8), "type"u8);
        return format switch
        {
            "json_object" or "json_schema" => "json",
            "text" => "text",
            _ => null,
        };
    }

    private static string? Conversation(JsonElement request) =>
        Text(request, "conversation"u8) ?? Text(Field(request, "conversation"u8), "id"u8);

    private static double? Real(JsonElement request, ReadOnlySpan<byte> name) =>
        Field(request, name) is { ValueKind: JsonValueKind.Number } number && number.TryGetDouble(out var value) && double.IsFinite(value)
            ? value
            : null;

    private static string? Short(string? text) => text is null ? null : BoundedJsonArray.Cut(text, LongestText);

    private static void Set(Activity activity, string name, object? value)
    {
        if (value is not null)
        {
            activity.SetTag(name, value);
        }
    }
}
