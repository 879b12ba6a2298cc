using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using MasterX.AiGateway.Requests;
using MasterX.AiGateway.Telemetry;
using MasterX.AiGateway.Translation.Vocabulary;

namespace MasterX.AiGateway.Translation.Answers;

/// <summary>Writes an answer in the format of the caller, once all of it is there.</summary>
internal abstract class WholeAnswerWriter : AnswerSink
{
    /// <summary>Writes what has come.</summary>
    public abstract void Write(Utf8JsonWriter json);
}

/// <summary>Writes an answer in the format of the caller while it comes, as server-sent events.</summary>
internal abstract class AnswerStreamWriter : AnswerSink
{
    /// <summary>Escapes what JSON wants escaped, and nothing for the sake of HTML.</summary>
    public static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    private int _begin;

    /// <summary>Receives the events; whoever calls the reader sets it.</summary>
    public PooledBuffer Output { get; set; } = null!;

    /// <summary>Writes the data of the event that was begun last; one for all events.</summary>
    protected Utf8JsonWriter Json { get; } = new(Stream.Null, Options);

    /// <summary>Looks on, where the call is traced.</summary>
    public GenAiSpan? Span { private get; set; }

    /// <summary>
    /// Goes on from here for one provider: of one that fails before it has said anything, nothing may stay in what the next one writes.
    /// </summary>
    public virtual AnswerStreamWriter Fork() => (AnswerStreamWriter)Copy();

    /// <summary>Writes what is still to be said when the provider's stream has ended well.</summary>
    public abstract void Complete();

    /// <summary>Writes the end mark, behind which nobody reads.</summary>
    public abstract void WriteEnd();

    /// <summary>Begins an event whose data is an object.</summary>
    /// <param name="name">The event's; empty for none.</param>
    protected Utf8JsonWriter BeginEvent(ReadOnlySpan<byte> name = default)
    {
        if (!name.IsEmpty)
        {
            Output.Write("event: "u8);
            Output.Write(name);
            Output.Write("\n"u8);
        }

        Output.Write("data: "u8);
        _begin = Output.Length;
        Json.Reset(Output);
        Json.WriteStartObject();
        return Json;
    }

    protected void EndEvent()
    {
        Json.WriteEndObject();
        Json.Flush();
        Span?.Read(Output.Span[_begin..]);
        Output.Write("\n\n"u8);
    }

    /// <summary>A name for what the provider has none for.</summary>
    public static string NewId(string prefix) => $"{prefix}{Guid.NewGuid():N}";
}
