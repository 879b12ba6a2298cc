using System.Text.Json;
using MasterX.AiGateway.Requests;
using MasterX.AiGateway.Routing;
using MasterX.AiGateway.Telemetry;

namespace MasterX.AiGateway.Providers;

/// <summary>What one pass over an answer in OpenAI's format finds: whether it is one, and the tokens it cost.</summary>
/// <param name="IsAnswer">Valid JSON, with what was asked for (a choice, an embedding, an output) and no error.</param>
/// <param name="Usage">When the provider counted.</param>
internal readonly partial record struct AnswerScan(bool IsAnswer, TokenUsage? Usage)
{
    /// <param name="answer">The whole of it.</param>
    /// <param name="operation">What was asked for.</param>
    /// <param name="candidate">Who was asked, where the model that the answer names is wanted.</param>
    public static AnswerScan Of(ReadOnlySpan<byte> answer, Operation operation, Candidate? candidate = null)
    {
        var (found, failed) = (false, false);
        TokenUsage? usage = null;
        var tier = ServiceTier.Standard;
        string? model = null;
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
                else if (json.ValueTextEquals("service_tier"u8))
                {
                    json.Read();
                    tier = ReadTier(ref json);
                }
                else if (candidate is not null && json.ValueTextEquals("model"u8))
                {
                    json.Read();
                    model = candidate.NameOf(ref json);
                    json.Skip();
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

        return new AnswerScan(found && !failed, usage is { } counted ? counted with { Tier = tier, Model = model } : null);
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
}
