using System.Runtime.InteropServices;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using MasterX.AiGateway.Requests;

namespace MasterX.AiGateway.Telemetry;

/// <summary>
/// Writes a JSON array of what was said, and takes in no more than <see cref="MostCharacters"/>. A text that had to be cut ends with how
/// much is missing; JSON and data that
/// cannot be cut are left out.
/// </summary>
internal abstract class BoundedJsonArray : IDisposable
{
    /// <summary>Of one array, counted before JSON's escapes: 128 Ki.</summary>
    public const int MostCharacters = 128 * 1024;

    /// <summary>Of one text: 32 Ki.</summary>
    public const int MostCharactersOfText = 32 * 1024;

    /// <summary>What an element costs beside its texts, so that a million empty ones come to an end too.</summary>
    public const int CostOfElement = 64;

    /// <summary>An attribute is no web page.</summary>
    private static readonly JsonWriterOptions Options = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        SkipValidation = true,
    };

    private readonly PooledBuffer _buffer = new(4096);

    protected BoundedJsonArray()
    {
        Json = new Utf8JsonWriter(_buffer, Options);
        Json.WriteStartArray();
    }

    /// <summary>Whether nothing more is taken in.</summary>
    public bool IsFull => Left <= 0;

    /// <summary>Whether nothing was written.</summary>
    public bool IsEmpty => Json.BytesCommitted + Json.BytesPending <= 1;

    protected Utf8JsonWriter Json { get; }

    /// <summary>Characters that may still be taken in.</summary>
    protected int Left { get; private set; } = MostCharacters;

    /// <summary>Cuts a text, and says so in it.</summary>
    /// <param name="text">Any text.</param>
    /// <param name="most">How many characters may be left of it.</param>
    /// <param name="missing">Characters that are missing already.</param>
    public static string Cut(string text, int most, long missing = 0)
    {
        if (text.Length > most)
        {
            // Not through the middle of a surrogate pair.
            var end = most > 0 && char.IsHighSurrogate(text[most - 1]) ? most - 1 : most;
            missing += text.Length - end;
            text = text[..end];
        }

        return missing == 0 ? text : $"{text}… [cut: {missing} more characters]";
    }

    /// <summary>The whole array, after which nothing can be written any more.</summary>
    public override string ToString()
    {
        Json.WriteEndArray();
        Json.Flush();
        return Encoding.UTF8.GetString(_buffer.Span);
    }

    public void Dispose()
    {
        Json.Dispose();
        _buffer.Dispose();
    }

    protected void BeginElement()
    {
        Left -= CostOfElement;
        Json.WriteStartObject();
    }

    /// <summary>Writes a field, if it has a value.</summary>
    protected void Field(ReadOnlySpan<byte> name, string? value)
    {
        if (value is not null)
        {
            Json.WriteString(name, Take(value));
        }
    }

    /// <summary>Takes in a text, cut to what may be taken in.</summary>
    protected string Take(string text)
    {
        var cut = Cut(text, Math.Clamp(Left, 0, MostCharactersOfText));
        Left -= Math.Min(text.Length, cut.Length);
        return cut;
    }

    /// <summary>Takes in a text that is of no use in parts.</summary>
    protected bool TryTakeWhole(string text)
    {
        if (text.Length > Left)
        {
            return false;
        }

        Left -= text.Length;
        return true;
    }

    /// <summary>Writes a field with the JSON object that a text holds, or with the text when it holds none.</summary>
    protected void WriteObjectOrText(ReadOnlySpan<byte> name, string json)
    {
        if (json.Length <= Math.Min(Left, MostCharactersOfText))
        {
            try
            {
                using var parsed = JsonDocument.Parse(json);
                if (parsed.RootElement.ValueKind == JsonValueKind.Object && TryWriteField(name, parsed.RootElement))
                {
                    return;
                }
            }
            catch (JsonException)
            {
                // A model's mistake, or half a call: shown as it is.
            }
        }

        Json.WriteString(name, Take(json));
    }

    protected bool TryWriteField(ReadOnlySpan<byte> name, JsonElement value)
    {
        if (!TryTakeRaw(value, out var raw))
        {
            return false;
        }

        Json.WritePropertyName(name);
        Json.WriteRawValue(raw, skipInputValidation: true);
        return true;
    }

    protected bool TryWriteElement(JsonElement value)
    {
        if (!TryTakeRaw(value, out var raw))
        {
            return false;
        }

        Json.WriteRawValue(raw, skipInputValidation: true);
        return true;
    }

    /// <summary>Bytes that were parsed already are copied: unlike writing the element anew, that cannot fail half way through it.</summary>
    private bool TryTakeRaw(JsonElement value, out ReadOnlySpan<byte> raw)
    {
        raw = JsonMarshal.GetRawUtf8Value(value);
        if (raw.Length > Math.Min(Left, MostCharactersOfText) || !IsReadable(raw))
        {
            return false;
        }

        Left -= raw.Length;
        return true;
    }

    /// <summary>
    /// Whether no text in it has half a surrogate pair, as escapes can: whoever shows the attribute could not read it then.
    /// </summary>
    private static bool IsReadable(ReadOnlySpan<byte> raw)
    {
        try
        {
            var json = new Utf8JsonReader(raw);
            while (json.Read())
            {
                if (json.ValueIsEscaped)
                {
                    json.GetString();
                }
            }

            return true;
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }
}
