using System.Text.Json;

namespace MasterX.AiGateway.Requests;

/// <summary>
/// Errors as OpenAI's API gives them: <c>{"error":{"message","type","param","code"}}</c>
/// (<see href="https://platform.openai.com/docs/guides/error-codes"/>), and the gateway's <c>trace_id</c> and <c>attempts</c> beside.
/// </summary>
internal static class OpenAiError
{
    public static void Write(
        PooledBuffer output, string message, string type, string? code, string? parameter, string traceId, IReadOnlyList<Attempt>? attempts)
    {
        using var json = new Utf8JsonWriter(output);
        json.WriteStartObject();
        json.WriteStartObject("error");
        json.WriteString("message", message);
        json.WriteString("type", type);
        json.WriteString("param", parameter);
        json.WriteString("code", code);
        json.WriteString("trace_id", traceId);
        if (attempts is not null)
        {
            WriteAttempts(json, attempts);
        }

        json.WriteEndObject();
        json.WriteEndObject();
    }

    /// <summary>The error event that ends a stream: of responses it is flat.</summary>
    public static void WriteEvent(PooledBuffer output, Operation operation, string message, string code)
    {
        using var json = new Utf8JsonWriter(output);
        json.WriteStartObject();
        if (operation == Operation.Responses)
        {
            // https://platform.openai.com/docs/api-reference/responses-streaming/error
            json.WriteString("type", "error");
            json.WriteString("code", code);
            json.WriteString("message", message);
            json.WriteNull("param");
        }
        else
        {
            json.WriteStartObject("error");
            json.WriteString("message", message);
            json.WriteString("type", CallerError.Server);
            json.WriteNull("param");
            json.WriteString("code", code);
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    /// <summary>The member <c>attempts</c>, which no API but this one has.</summary>
    public static void WriteAttempts(Utf8JsonWriter json, IReadOnlyList<Attempt> attempts)
    {
        json.WriteStartArray("attempts");
        foreach (var attempt in attempts)
        {
            json.WriteStartObject();
            json.WriteString("provider", attempt.Provider);
            json.WriteString("model", attempt.Model);
            json.WriteString("outcome", attempt.Outcome.Name());
            if (attempt.Status is { } status)
            {
                json.WriteNumber("status", status);
            }

            json.WriteNumber("ms", Math.Round(attempt.Elapsed.TotalMilliseconds));
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }
}
