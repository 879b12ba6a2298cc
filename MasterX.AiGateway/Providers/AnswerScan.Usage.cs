using System.Text.Json;
using MasterX.AiGateway.Telemetry;

namespace MasterX.AiGateway.Providers;

/// <summary>The tokens of an answer in OpenAI's format.</summary>
internal readonly partial record struct AnswerScan
{
    /// <summary>
    /// Reads <c>{"prompt_tokens","completion_tokens","total_tokens",</c>
    /// <c>"prompt_tokens_details":{"cached_tokens","cache_write_tokens","audio_tokens","image_tokens","cached_tokens_details":{"audio_tokens","image_tokens"}},</c>
    /// <c>"completion_tokens_details":{"reasoning_tokens","audio_tokens","image_tokens"}}</c>, or the same with the names of responses,
    /// <c>input_tokens</c> and <c>output_tokens</c>; the reader stands on its first token. Others' words for the same are known too: DeepSeek's and
    /// Moonshot's for what was cached, Perplexity's for searches. Who counts thoughts apart from the completion (xAI) has a total that says so.
    /// </summary>
    internal static TokenUsage? ReadUsage(ref Utf8JsonReader json)
    {
        if (json.TokenType != JsonTokenType.StartObject)
        {
            json.Skip();
            return null;
        }

        var (input, output, total, searches, cachedBeside) = (0, 0, 0, 0, 0);
        Details read = default, made = default;
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
            else if (json.ValueTextEquals("total_tokens"u8))
            {
                total = Count(ref json);
            }
            else if (json.ValueTextEquals("prompt_tokens_details"u8) || json.ValueTextEquals("input_tokens_details"u8))
            {
                ReadDetails(ref json, ref read);
            }
            else if (json.ValueTextEquals("completion_tokens_details"u8) || json.ValueTextEquals("output_tokens_details"u8))
            {
                ReadDetails(ref json, ref made);
            }
            else if (json.ValueTextEquals("cached_tokens"u8) || json.ValueTextEquals("prompt_cache_hit_tokens"u8))
            {
                cachedBeside = Count(ref json);
            }
            else if (json.ValueTextEquals("num_search_queries"u8))
            {
                searches = Count(ref json);
            }
            else
            {
                json.Skip();
            }
        }

        if (made.Reasoning > 0 && total == (long)input + output + made.Reasoning)
        {
            output += made.Reasoning;
        }

        var cached = Math.Min(read.Cached > 0 ? read.Cached : cachedBeside, input);
        var (audio, image) = (Math.Min(read.Audio, input), Math.Min(read.Image, input));
        return new TokenUsage(input, output, cached, Math.Min(read.Written, input - cached), Math.Min(made.Reasoning, output))
        {
            AudioInput = audio,
            CachedAudioInput = Math.Min(read.CachedAudio, Math.Min(audio, cached)),
            AudioOutput = Math.Min(made.Audio, output),
            ImageInput = image,
            CachedImageInput = Math.Min(read.CachedImage, Math.Min(image, cached)),
            ImageOutput = Math.Min(made.Image, output),
            WebSearches = searches,
        };
    }

    /// <summary>Reads OpenAI's and Groq's word for how an answer was served; the reader stands on it.</summary>
    internal static ServiceTier ReadTier(ref Utf8JsonReader json)
    {
        var tier = json.TokenType != JsonTokenType.String ? ServiceTier.Standard
            : json.ValueTextEquals("flex"u8) ? ServiceTier.Flex
            : json.ValueTextEquals("priority"u8) ? ServiceTier.Priority
            : json.ValueTextEquals("batch"u8) ? ServiceTier.Batch
            : json.ValueTextEquals("fast"u8) ? ServiceTier.Fast
            : ServiceTier.Standard;
        json.Skip();
        return tier;
    }

    /// <summary>A number of tokens; 0 for anything else. The reader stands before it.</summary>
    internal static int Count(ref Utf8JsonReader json)
    {
        json.Read();
        if (json.TokenType == JsonTokenType.Number && json.TryGetInt32(out var count) && count is >= 0 and <= TokenUsage.Most)
        {
            return count;
        }

        json.Skip();
        return 0;
    }

    private static void ReadDetails(ref Utf8JsonReader json, ref Details details)
    {
        json.Read();
        if (json.TokenType != JsonTokenType.StartObject)
        {
            json.Skip();
            return;
        }

        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            if (json.ValueTextEquals("cached_tokens"u8))
            {
                details.Cached = Count(ref json);
            }
            else if (json.ValueTextEquals("cache_write_tokens"u8))
            {
                details.Written = Count(ref json);
            }
            else if (json.ValueTextEquals("reasoning_tokens"u8))
            {
                details.Reasoning = Count(ref json);
            }
            else if (json.ValueTextEquals("audio_tokens"u8))
            {
                details.Audio = Count(ref json);
            }
            else if (json.ValueTextEquals("image_tokens"u8))
            {
                details.Image = Count(ref json);
            }
            else if (json.ValueTextEquals("cached_tokens_details"u8))
            {
                Details cached = default;
                ReadDetails(ref json, ref cached);
                (details.CachedAudio, details.CachedImage) = (cached.Audio, cached.Image);
            }
            else
            {
                json.Skip();
            }
        }
    }

    private struct Details
    {
        public int Cached;
        public int CachedAudio;
        public int CachedImage;
        public int Written;
        public int Reasoning;
        public int Audio;
        public int Image;
    }
}
