using System.Globalization;
using System.Text;
using System.Text.Json;
using MasterX.AiGateway.Translation.Requests;

namespace MasterX.AiGateway.Translation.Answers;

/// <summary>
/// The text of a freeform call, out of the arguments of the function that stands for its tool: of <c>{"input":"…"}</c>, piece by piece as
/// they come. Arguments of any other form are read once all of them are there, and are the input themselves if nothing in them is.
/// </summary>
internal sealed class FreeformInput
{
    /// <summary>Signs before the text of the usual form, white space between them included.</summary>
    private const int MostBefore = 64;

    private const char Unknown = '\uFFFD';

    private readonly StringBuilder _json = new();
    private readonly StringBuilder _escape = new();
    private Place _place;
    private char? _half;

    /// <param name="piece">The next piece of the arguments.</param>
    /// <returns>What it tells of the input; empty for nothing yet.</returns>
    public string Add(string piece)
    {
        var text = piece;
        if (_place is Place.Before or Place.Held)
        {
            // White space between the signs is of no meaning, and may be endless.
            _json.Append(_place == Place.Before && _json.Length > MostBefore ? piece.TrimStart() : piece);
            if (_place == Place.Held || Begin(_json.ToString()) is not { } begin)
            {
                return "";
            }

            (_place, text) = (Place.Inside, _json.ToString(begin, _json.Length - begin));
        }

        var input = new StringBuilder(text.Length);
        foreach (var sign in text)
        {
            if (_place != Place.Inside)
            {
                break;
            }

            Read(sign, input);
        }

        return input.ToString();
    }

    /// <summary>All arguments have come, or as many as will.</summary>
    /// <returns>What is still to be told of the input.</returns>
    public string End()
    {
        var place = _place;
        _place = Place.Over;
        return place is Place.Before or Place.Held ? InputOf(_json.ToString()) : _half is null ? "" : Unknown.ToString();
    }

    /// <summary>Where the text begins; <see langword="null"/> before that is known, and where it is of another form.</summary>
    private int? Begin(string json)
    {
        var at = 0;
        foreach (var token in (ReadOnlySpan<string>)["{", $"\"{FreeformTool.Input}\"", ":", "\""])
        {
            while (at < json.Length && char.IsWhiteSpace(json[at]))
            {
                at++;
            }

            var length = Math.Min(token.Length, json.Length - at);
            if (!json.AsSpan(at, length).SequenceEqual(token.AsSpan(0, length)))
            {
                _place = Place.Held;
                return null;
            }

            if (length < token.Length)
            {
                return null;
            }

            at += length;
        }

        return at;
    }

    private void Read(char sign, StringBuilder input)
    {
        if (_escape.Length > 0)
        {
            _escape.Append(sign);
            if (Unescaped() is { } meant)
            {
                _escape.Clear();
                Append(meant, input);
            }
        }
        else if (sign == '\\')
        {
            _escape.Append(sign);
        }
        else if (sign == '"')
        {
            _place = Place.Over;
            if (_half is not null)
            {
                input.Append(Unknown);
                _half = null;
            }
        }
        else
        {
            Append(sign, input);
        }
    }

    /// <summary>What the escape means; <see langword="null"/> while it is not whole.</summary>
    private char? Unescaped() => _escape[1] switch
    {
        'u' when _escape.Length < 6 => null,
        'u' => ushort.TryParse(_escape.ToString(2, 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var number) ? (char)number : Unknown,
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'b' => '\b',
        'f' => '\f',
        var sign => sign,
    };

    /// <summary>Adds a sign; half a character waits for its other half, and without it is U+FFFD.</summary>
    private void Append(char sign, StringBuilder input)
    {
        if (_half is { } high)
        {
            _half = null;
            if (char.IsLowSurrogate(sign))
            {
                input.Append(high).Append(sign);
                return;
            }

            input.Append(Unknown);
        }

        if (char.IsHighSurrogate(sign))
        {
            _half = sign;
        }
        else
        {
            input.Append(char.IsLowSurrogate(sign) ? Unknown : sign);
        }
    }

    private static string InputOf(string json)
    {
        try
        {
            using var parsed = JsonDocument.Parse(json);
            var root = parsed.RootElement;
            return root.ValueKind == JsonValueKind.String ? root.GetString()!
                : root.Text(FreeformTool.Input) is { } input ? input
                : root.ValueKind == JsonValueKind.Object && root.EnumerateObject().ToArray() is [{ Value.ValueKind: JsonValueKind.String } only] ? only.Value.GetString()!
                : json == "{}" ? "" : json;
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            return json;
        }
    }

    private enum Place
    {
        Before,
        Inside,
        Over,

        /// <summary>Of another form.</summary>
        Held,
    }
}
