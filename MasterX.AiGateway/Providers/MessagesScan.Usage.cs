using System.Text.Json;
using MasterX.AiGateway.Telemetry;

namespace MasterX.AiGateway.Providers;

/// <summary>The tokens of a message of Anthropic's (<see href="https://docs.anthropic.com/en/api/messages"/>).</summary>
internal readonly partial record struct MessagesScan
{
    /// <summary>
    /// Reads <c>{"input_tokens","output_tokens","cache_read_input_tokens","cache_creation_input_tokens",</c>
    /// <c>"cache_creation":{"ephemeral_5m_input_tokens","ephemeral_1h_input_tokens"},"output_tokens_details":{"thinking_tokens"},</c>
    /// <c>"server_tool_use":{"web_search_requests"},"service_tier","inference_geo","speed"}</c>; the reader stands on its first token, and on
    /// its last afterwards. What was read from or written to the cache is counted apart from the input there; here the input has all of it.
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

        var (read, written, minutes, hour) = (before.CachedInput, before.CacheWrite, before.CacheWrite - before.CacheWriteHour, before.CacheWriteHour);
        var (fresh, output, thought, searches) = (before.Input - read - written, before.Output, before.Reasoning, before.WebSearches);
        var (tier, region, isFast) = (before.Tier, before.Region, before.Tier == ServiceTier.Fast);
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
            else if (json.ValueTextEquals("cache_creation"u8))
            {
                Detail(ref json, "ephemeral_1h_input_tokens"u8, ref hour, "ephemeral_5m_input_tokens"u8, ref minutes);
            }
            else if (json.ValueTextEquals("output_tokens_details"u8))
            {
                Detail(ref json, "thinking_tokens"u8, ref thought);
            }
            else if (json.ValueTextEquals("server_tool_use"u8))
            {
                Detail(ref json, "web_search_requests"u8, ref searches);
            }
            else if (json.ValueTextEquals("service_tier"u8))
            {
                json.Read();
                tier = AnswerScan.ReadTier(ref json);
            }
            else if (json.ValueTextEquals("speed"u8))
            {
                json.Read();
                isFast = AnswerScan.ReadTier(ref json) == ServiceTier.Fast;
            }
            else if (json.ValueTextEquals("inference_geo"u8))
            {
                json.Read();
                region = json.TokenType == JsonTokenType.String && json.ValueTextEquals("us"u8) ? "us" : null;
                json.Skip();
            }
            else
            {
                json.Skip();
            }
        }

        // Who tells how long it is kept has perhaps not told how much it is.
        written = Math.Max(written, (int)Math.Min((long)hour + minutes, TokenUsage.Most));
        return new TokenUsage(fresh + read + written, output, read, written, Math.Min(thought, output))
        {
            CacheWriteHour = Math.Min(hour, written),
            WebSearches = searches,
            Tier = isFast ? ServiceTier.Fast : tier,
            Region = region,
            Model = before.Model,
        };
    }

    private static void Detail(ref Utf8JsonReader json, ReadOnlySpan<byte> name, ref int count)
    {
        var none = 0;
        Detail(ref json, name, ref count, default, ref none);
    }

    private static void Detail(ref Utf8JsonReader json, ReadOnlySpan<byte> one, ref int first, ReadOnlySpan<byte> other, ref int second)
    {
        json.Read();
        if (json.TokenType != JsonTokenType.StartObject)
        {
            json.Skip();
            return;
        }

        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            if (json.ValueTextEquals(one))
            {
                Count(ref json, ref first);
            }
            else if (!other.IsEmpty && json.ValueTextEquals(other))
            {
                Count(ref json, ref second);
            }
            else
            {
                json.Skip();
            }
        }
    }

    /// <summary>A number that is none, null mostly, leaves the count as it was; a count never falls within a stream.</summary>
    private static void Count(ref Utf8JsonReader json, ref int count) => count = Math.Max(count, AnswerScan.Count(ref json));
}
