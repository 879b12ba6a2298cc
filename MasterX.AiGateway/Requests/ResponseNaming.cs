using System.Buffers;
using System.Text;
using System.Text.Json;

namespace MasterX.AiGateway.Requests;

/// <summary>
/// Puts callers' names of responses (<see cref="ResponseIds"/>) in the place of a provider's own, in bodies that pass as they are otherwise:
/// a response has its name in <c>id</c>, and that of the one it goes on from in <c>previous_response_id</c>.
/// </summary>
/// <param name="ids">The consumer's.</param>
/// <param name="provider">Who answers.</param>
internal sealed class ResponseNaming(ResponseIds ids, string provider)
{
    /// <summary>Writes a response, or an event that holds one.</summary>
    /// <param name="json">As the provider gave it.</param>
    /// <param name="depth">Where the names stand: 1 for a response itself, 2 for one in an event.</param>
    /// <param name="output">Receives it.</param>
    /// <returns>Whether it could be read to its end; if not, what <paramref name="output"/> has of it is worth nothing.</returns>
    public bool TryWrite(ReadOnlySpan<byte> json, int depth, IBufferWriter<byte> output)
    {
        try
        {
            Write(json, depth, output);
            return true;
        }
        catch (Exception unreadable) when (unreadable is JsonException or InvalidOperationException)
        {
            // InvalidOperationException: a name that is not valid text once unescaped.
            return false;
        }
    }

    private void Write(ReadOnlySpan<byte> json, int depth, IBufferWriter<byte> output)
    {
        var reader = new Utf8JsonReader(json);
        var written = 0;
        while (reader.Read())
        {
            if (reader.TokenType != JsonTokenType.PropertyName || reader.CurrentDepth != depth
                || !(reader.ValueTextEquals("id"u8) || reader.ValueTextEquals("previous_response_id"u8)))
            {
                if (reader.TokenType == JsonTokenType.PropertyName && reader.CurrentDepth >= depth)
                {
                    reader.Skip();
                }

                continue;
            }

            reader.Read();
            if (reader.TokenType == JsonTokenType.String && reader.GetString() is { Length: > 0 } id)
            {
                output.Write(json[written..(int)reader.TokenStartIndex]);
                output.Write(Encoding.ASCII.GetBytes($"\"{ids.Sign(provider, id)}\""));
                written = (int)reader.BytesConsumed;
            }
            else
            {
                reader.Skip();
            }
        }

        output.Write(json[written..]);
    }
}
