using System.Text.Json;
using MasterX.AiGateway.Requests;
using MasterX.AiGateway.Telemetry;

namespace MasterX.AiGateway.Providers;

/// <summary>
/// What one pass over an answer in Anthropic's format finds: whether it is one, and the tokens it cost. The counterpart of
/// <see cref="AnswerScan"/>.
/// </summary>
/// <param name="IsAnswer">Valid JSON with what was asked for: a message, or a count.</param>
/// <param name="Usage">When the provider counted.</param>
internal readonly record struct MessagesScan(bool IsAnswer, TokenUsage? Usage)
{
    public static MessagesScan Of(ReadOnlySpan<byte> answer, Operation operation)
    {
        var (found, isError) = (false, false);
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
                    found = json.TokenType == (operation == Operation.CountTokens ? JsonTokenType.Number : JsonTokenType.StartArray);
                }
                else if (json.ValueTextEquals("usage"u8))
                {
                    json.Read();
                    usage = ReadUsage(ref json, default) ?? usage;
                    continue;
                }
                else if (json.ValueTextEquals("type"u8))
                {
                    json.Read();
                    isError = json.TokenType == JsonTokenType.String && json.ValueTextEquals("error"u8);
                }

                json.Skip();
            }

            while (json.Read())
            {
            }
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            return default;
        }

        return new MessagesScan(found && !isError, usage);
    }

    /// <summary>
    /// Reads <c>{"input_tokens","output_tokens","cache_read_input_tokens","cache_creation_input_tokens"}</c>; the reader stands on its first
    /// token, and on its last afterwards. What was read from or written to the cache is counted apart from the input there; here the input
    /// has all of it.
    /// </summary>
    /// <param name="json">At the value.</param>
    /// <param name="before">What was counted before in the same stream: the end of one tells the output, and the input perhaps.</param>
    public static TokenUsage? ReadUsage(ref Utf8JsonReader json, TokenUsage before)
    {
        if (json.TokenType != JsonTokenType.StartObject)
        {
            json.Skip();
            return null;
        }

        var (read, written) = (before.CachedInput, before.CacheWrite);
        var (fresh, output) = (before.Input - read - written, before.Output);
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            if (json.ValueTextEquals("input_tokens"u8))
            {
                Count(ref json, ref fresh);
            }
            else if (json.ValueTextEquals("output_tokens"u8))
            {
                Count(ref json, ref output);
            }
            else if (json.ValueTextEquals("cache_read_input_tokens"u8))
            {
                Count(ref json, ref read);
            }
            else if (json.ValueTextEquals("cache_creation_input_tokens"u8))
            {
                Count(ref json, ref written);
            }
            else
            {
                json.Skip();
            }
        }

        return new TokenUsage(fresh + read + written, output, read, written);
    }

    /// <summary>A number that is none, null mostly, leaves the count as it was; a count never falls within a stream.</summary>
    private static void Count(ref Utf8JsonReader json, ref int count)
    {
        json.Read();
        if (json.TokenType == JsonTokenType.Number && json.TryGetInt32(out var value) && value is >= 0 and <= MostTokens)
        {
            count = Math.Max(count, value);
        }

        json.Skip();
    }

    /// <summary>More than any answer has; sums of them stay numbers.</summary>
    private const int MostTokens = int.MaxValue / 4;
}
