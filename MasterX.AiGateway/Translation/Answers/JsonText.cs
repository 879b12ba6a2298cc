using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace MasterX.AiGateway.Translation.Answers;

/// <summary>Texts of streamed answers, which may be cut between the two halves of a character.</summary>
internal static class JsonText
{
    /// <summary>A value as JSON on one line, as events want it, however it was written.</summary>
    public static byte[] Compact(this JsonElement value)
    {
        var output = new ArrayBufferWriter<byte>(256);
        using (var json = new Utf8JsonWriter(output, AnswerStreamWriter.Options))
        {
            value.WriteTo(json);
        }

        return output.WrittenSpan.ToArray();
    }

    /// <summary>A field's text, halves of characters included; <see langword="null"/> when it is no text.</summary>
    public static string? Piece(this JsonElement element, string name) =>
        element.Field(name) is { ValueKind: JsonValueKind.String } value ? value.Piece() : null;

    /// <summary>A text, halves of characters included.</summary>
    public static string Piece(this JsonElement value)
    {
        try
        {
            return value.GetString()!;
        }
        catch (InvalidOperationException)
        {
            // Half of a surrogate pair at an end of the text, which is valid JSON (RFC 8259, 8.2) and no valid text.
            return Unescape(value.GetRawText().AsSpan(1..^1));
        }
    }

    /// <summary>Puts U+FFFD in the place of halves of characters that stand alone.</summary>
    public static string Whole(string text)
    {
        if (text.AsSpan().IndexOfAnyInRange('\uD800', '\uDFFF') < 0)
        {
            return text;
        }

        return string.Create(text.Length, text, static (whole, from) =>
        {
            from.CopyTo(whole);
            for (var at = 0; at < whole.Length; at++)
            {
                if (!char.IsSurrogate(whole[at]))
                {
                    continue;
                }

                if (at + 1 < whole.Length && char.IsSurrogatePair(whole[at], whole[at + 1]))
                {
                    at++;
                }
                else
                {
                    whole[at] = '\uFFFD';
                }
            }
        });
    }

    /// <summary>The text a reader stands on, halves of characters included.</summary>
    public static string PieceOf(ref Utf8JsonReader json)
    {
        try
        {
            return json.GetString()!;
        }
        catch (InvalidOperationException)
        {
            return Unescape(Encoding.UTF8.GetString(json.ValueSpan));
        }
    }

    private static string Unescape(ReadOnlySpan<char> escaped)
    {
        var text = new StringBuilder(escaped.Length);
        while (!escaped.IsEmpty)
        {
            if (escaped[0] != '\\')
            {
                text.Append(escaped[0]);
                escaped = escaped[1..];
                continue;
            }

            if (escaped[1] == 'u')
            {
                text.Append((char)ushort.Parse(escaped.Slice(2, 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture));
                escaped = escaped[6..];
                continue;
            }

            text.Append(escaped[1] switch { 'n' => '\n', 'r' => '\r', 't' => '\t', 'b' => '\b', 'f' => '\f', var sign => sign });
            escaped = escaped[2..];
        }

        return text.ToString();
    }
}
