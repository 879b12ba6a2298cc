using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using MasterX.AiGateway.Requests;

namespace MasterX.AiGateway.Providers.Keys;

/// <summary>
/// Which conversation a request belongs to: its consumer with the <c>prompt_cache_key</c> it names
/// (<see href="https://platform.openai.com/docs/guides/prompt-caching"/>), else with its system text and first turn, which all its later
/// requests begin with too. Asked for only where a provider has several keys.
/// </summary>
internal static class ConversationHash
{
    /// <summary>Of one text, in bytes: enough to tell conversations apart, and an image is not read to its end.</summary>
    private const int Looked = 4096;

    /// <param name="request">Its body is valid JSON.</param>
    public static ulong Of(ModelRequest request)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes(request.Consumer));
        var json = new Utf8JsonReader(request.Body.Span);
        if (FindName(json, request.Operation.IsAnthropic) is { } named)
        {
            Add(hash, request.Body.Span[named]);
        }
        else
        {
            json.Read();
            while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
            {
                var isSystem = json.ValueTextEquals("system"u8) || json.ValueTextEquals("instructions"u8);
                var isTurns = json.ValueTextEquals("messages"u8) || json.ValueTextEquals("input"u8);
                json.Read();
                if (isTurns && json.TokenType == JsonTokenType.StartArray)
                {
                    AddFirstTurn(hash, ref json);
                }
                else if (isSystem || isTurns)
                {
                    AddTexts(hash, ref json);
                }
                else
                {
                    json.Skip();
                }
            }
        }

        return BinaryPrimitives.ReadUInt64LittleEndian(hash.GetHashAndReset());
    }

    /// <summary>
    /// The name a caller gives the conversation. Of Anthropic's API it is <c>metadata.user_id</c>, into which agents put their session's; the
    /// first lines of their instructions change with every request.
    /// </summary>
    private static Range? FindName(Utf8JsonReader json, bool isAnthropic)
    {
        json.Read();
        while (json.Read() && json.TokenType is JsonTokenType.PropertyName or JsonTokenType.EndObject)
        {
            if (json.TokenType == JsonTokenType.EndObject)
            {
                continue;
            }

            var isKey = json.ValueTextEquals(isAnthropic ? "user_id"u8 : "prompt_cache_key"u8);
            var isHolder = isAnthropic && json.ValueTextEquals("metadata"u8);
            json.Read();
            if (isHolder && json.TokenType == JsonTokenType.StartObject)
            {
                // Its fields come next.
                continue;
            }

            if (isKey && json.TokenType == JsonTokenType.String && json.ValueSpan.Length > 0)
            {
                return (int)json.TokenStartIndex..(int)json.BytesConsumed;
            }

            json.Skip();
        }

        return null;
    }

    /// <summary>The turns of the system or the developer at the beginning, and the one behind them.</summary>
    private static void AddFirstTurn(IncrementalHash hash, ref Utf8JsonReader json)
    {
        var (depth, isFirst) = (json.CurrentDepth, true);
        while (json.Read() && json.CurrentDepth > depth)
        {
            if (isFirst)
            {
                isFirst = json.TokenType == JsonTokenType.StartObject && IsSystem(json);
                AddTexts(hash, ref json);
            }
            else
            {
                json.Skip();
            }
        }
    }

    private static bool IsSystem(Utf8JsonReader turn)
    {
        while (turn.Read() && turn.TokenType == JsonTokenType.PropertyName)
        {
            var isRole = turn.ValueTextEquals("role"u8);
            turn.Read();
            if (isRole)
            {
                return turn.TokenType == JsonTokenType.String && (turn.ValueTextEquals("system"u8) || turn.ValueTextEquals("developer"u8));
            }

            turn.Skip();
        }

        return false;
    }

    /// <summary>
    /// The values in a text or turn, without what clients change from one request to the next: marks for the cache wander to the last
    /// turn, and a text becomes a part with a type so that it can be marked.
    /// </summary>
    private static void AddTexts(IncrementalHash hash, ref Utf8JsonReader json)
    {
        if (json.TokenType is not (JsonTokenType.StartObject or JsonTokenType.StartArray))
        {
            Add(hash, json.ValueSpan);
            return;
        }

        var depth = json.CurrentDepth;
        while (json.Read() && json.CurrentDepth > depth)
        {
            if (json.TokenType == JsonTokenType.PropertyName
                && (json.ValueTextEquals("cache_control"u8) || json.ValueTextEquals("type"u8) || json.ValueTextEquals("id"u8)))
            {
                json.Skip();
            }
            else if (json.TokenType is JsonTokenType.String or JsonTokenType.Number)
            {
                Add(hash, json.ValueSpan);
            }
        }
    }

    private static void Add(IncrementalHash hash, ReadOnlySpan<byte> text)
    {
        hash.AppendData([0]);
        hash.AppendData(text[..Math.Min(text.Length, Looked)]);
    }
}
