using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Logging.Console;

namespace MasterX.ServiceDefaults.Telemetry;

/// <summary>
/// One JSON object per line, flat, for collectors: <c>{"timestamp","level","category","event_id","message"}</c>, then <c>trace_id</c> and <c>key_id</c> of the request it belongs to, then the message's own
/// fields, then <c>exception</c>. The framework's
/// formatter writes every message and every field a second time, which a line per request pays for. A line end in a value is escaped: nobody can write a line of their own.
/// </summary>
internal sealed class JsonLinesFormatter(TimeProvider time) : ConsoleFormatter(FormatterName)
{
    public const string FormatterName = "json-lines";

    private const string Template = "{OriginalFormat}";

    /// <summary>A log is not a web page: quotes and plus signs may stand as they are.</summary>
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    [ThreadStatic]
    private static ArrayBufferWriter<byte>? _line;

    [ThreadStatic]
    private static Utf8JsonWriter? _json;

    public override void Write<TState>(in LogEntry<TState> logEntry, IExternalScopeProvider? scopeProvider, TextWriter textWriter)
    {
        var line = _line ??= new ArrayBufferWriter<byte>(512);
        var json = _json ??= new Utf8JsonWriter(line, Options);
        line.ResetWrittenCount();
        json.Reset();
        json.WriteStartObject();
        json.WriteString("timestamp"u8, time.GetUtcNow().UtcDateTime);
        json.WriteString("level"u8, NameOf(logEntry.LogLevel));
        json.WriteString("category"u8, logEntry.Category);
        json.WriteNumber("event_id"u8, logEntry.EventId.Id);
        json.WriteString("message"u8, logEntry.Formatter(logEntry.State, logEntry.Exception));
        if (RequestIdentity.Current is { } request)
        {
            json.WriteString(RequestIdentity.TraceField, request.TraceId);
            if (request.KeyId is { } key)
            {
                json.WriteString(RequestIdentity.KeyField, key);
            }
        }

        if (logEntry.State is IReadOnlyList<KeyValuePair<string, object?>> fields)
        {
            for (var i = 0; i < fields.Count; i++)
            {
                var (name, value) = fields[i];
                if (name != Template)
                {
                    WriteField(json, name, value);
                }
            }
        }

        if (logEntry.Exception is { } exception)
        {
            json.WriteString("exception"u8, exception.ToString());
        }

        json.WriteEndObject();
        json.Flush();
        var characters = ArrayPool<char>.Shared.Rent(Encoding.UTF8.GetMaxCharCount(line.WrittenCount));
        textWriter.Write(characters.AsSpan(0, Encoding.UTF8.GetChars(line.WrittenSpan, characters)));
        textWriter.Write('\n');
        ArrayPool<char>.Shared.Return(characters);
    }

    private static void WriteField(Utf8JsonWriter json, string name, object? value)
    {
        switch (value)
        {
            case null:
                json.WriteNull(name);
                break;
            case string text:
                json.WriteString(name, text);
                break;
            case int number:
                json.WriteNumber(name, number);
                break;
            case long number:
                json.WriteNumber(name, number);
                break;
            case double number when double.IsFinite(number):
                json.WriteNumber(name, Math.Round(number, 3));
                break;
            case bool yes:
                json.WriteBoolean(name, yes);
                break;
            default:
                json.WriteString(name, Convert.ToString(value, CultureInfo.InvariantCulture));
                break;
        }
    }

    private static ReadOnlySpan<byte> NameOf(LogLevel level) => level switch
    {
        LogLevel.Trace => "trace"u8,
        LogLevel.Debug => "debug"u8,
        LogLevel.Information => "information"u8,
        LogLevel.Warning => "warning"u8,
        LogLevel.Error => "error"u8,
        _ => "critical"u8,
    };
}
