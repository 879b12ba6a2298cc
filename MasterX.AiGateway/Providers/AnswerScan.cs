using System.Text.Json;
using MasterX.AiGateway.Requests;
using MasterX.AiGateway.Telemetry;

namespace MasterX.AiGateway.Providers;

/// <summary>What one pass over an answer in OpenAI's format finds: whether it is one, and the tokens it cost.</summary>
/// <param name="IsAnswer">Valid JSON, with what was asked for (a choice, an embedding, an output) and no error.</param>
/// <param name="Usage">When the provider counted.</param>
internal readonly record struct AnswerScan(bool IsAnswer, TokenUsage? Usage)
{
    public static AnswerScan Of(ReadOnlySpan<byte> answer, Operation operation)
    {
        var (found, failed) = (false, false);
        TokenUsage? usage = null;
        try
        {
            var json = new Utf8JsonReader(answer);
            if (!json.Read() || json.TokenType != JsonTokenType.StartObject)
            {
                return default;
            }

            while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
            {
                if (json.ValueTextEquals(operation.AnswerFieldUtf8.Span))
                {
                    json.Read();
                    found = json.TokenType == JsonTokenType.StartArray && json.Read()
                        && (json.TokenType == JsonTokenType.StartObject || (json.TokenType == JsonTokenType.EndArray && operation == Operation.Responses));
                    if (!found)
                    {
                        return default;
                    }

                    if (json.TokenType == JsonTokenType.StartObject)
                    {
                        // Inside the array now: through its elements to its end.
                        var depth = json.CurrentDepth;
                        json.Skip();
                        while (json.Read() && json.CurrentDepth >= depth)
                        {
                            json.Skip();
                        }
                    }
                }
                else if (json.ValueTextEquals("usage"u8))
                {
                    json.Read();
                    usage = ReadUsage(ref json);
                }
                else if (json.ValueTextEquals("error"u8))
                {
                    json.Read();
                    failed = json.TokenType != JsonTokenType.Null;
                    json.Skip();
                }
                else
                {
                    json.Skip();
                }
            }

            while (json.Read())
            {
            }

            // OpenRouter's way of saying that the provider behind it failed. The bytes are rare enough to look for first.
            failed |= found && operation == Operation.Chat && answer.IndexOf("\"error\""u8) >= 0 && HasFailedChoice(answer);
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            return default;
        }

        return new AnswerScan(found && !failed, usage);
    }

    /// <summary>Whether a choice ended by <c>"finish_reason":"error"</c>.</summary>
    private static bool HasFailedChoice(ReadOnlySpan<byte> answer)
    {
        var json = new Utf8JsonReader(answer);
        while (json.Read())
        {
            // Choices lie in the array, their fields one deeper.
            if (json.TokenType == JsonTokenType.PropertyName && json.CurrentDepth == 3 && json.ValueTextEquals("finish_reason"u8))
            {
                json.Read();
                if (json.TokenType == JsonTokenType.String && json.ValueTextEquals("error"u8))
                {
                    return true;
                }
            }
        }

        return false;
    }

    /// <summary>
    /// Reads <c>{"prompt_tokens","completion_tokens","prompt_tokens_details":{"cached_tokens"},</c>
    /// <c>"completion_tokens_details":{"reasoning_tokens"}}</c>, or the same with the names of responses, <c>input_tokens</c> and
    /// <c>output_tokens</c>; the reader stands on its first token.
    /// </summary>
    internal static TokenUsage? ReadUsage(ref Utf8JsonReader json)
    {
        if (json.TokenType != JsonTokenType.StartObject)
        {
            json.Skip();
            return null;
        }

        var (input, output, cached, reasoning) = (0, 0, 0, 0);
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            if (json.ValueTextEquals("prompt_tokens"u8) || json.ValueTextEquals("input_tokens"u8))
            {
                input = Count(ref json);
            }
            else if (json.ValueTextEquals("completion_tokens"u8) || json.ValueTextEquals("output_tokens"u8))
            {
                output = Count(ref json);
            }
            else if (json.ValueTextEquals("prompt_tokens_details"u8) || json.ValueTextEquals("input_tokens_details"u8))
            {
                cached = Detail(ref json, "cached_tokens"u8);
            }
            else if (json.ValueTextEquals("completion_tokens_details"u8) || json.ValueTextEquals("output_tokens_details"u8))
            {
                reasoning = Detail(ref json, "reasoning_tokens"u8);
            }
            else
            {
                json.Skip();
            }
        }

        return new TokenUsage(input, output, Math.Min(cached, input), Reasoning: Math.Min(reasoning, output));
    }

    /// <summary>A count in the object that follows; 0 when it is not there.</summary>
    private static int Detail(ref Utf8JsonReader json, ReadOnlySpan<byte> name)
    {
        var count = 0;
        json.Read();
        if (json.TokenType != JsonTokenType.StartObject)
        {
            json.Skip();
            return count;
        }

        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            if (json.ValueTextEquals(name))
            {
                count = Count(ref json);
            }
            else
            {
                json.Skip();
            }
        }

        return count;
    }

    private static int Count(ref Utf8JsonReader json)
    {
        json.Read();
        if (json.TokenType == JsonTokenType.Number && json.TryGetInt32(out var count) && count >= 0)
        {
            return count;
        }

        json.Skip();
        return 0;
    }
}
