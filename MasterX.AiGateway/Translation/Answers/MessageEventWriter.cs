using System.Text.Json;
using MasterX.AiGateway.Translation.Vocabulary;

namespace MasterX.AiGateway.Translation.Answers;

/// <summary>
/// Writes the events of a streamed message (<see href="https://docs.anthropic.com/en/docs/build-with-claude/streaming"/>): block after block,
/// each begun, added to and ended; the stop reason and the tokens at the end, when both are known.
/// </summary>
/// <param name="model">What was asked for, until the provider says better.</param>
internal sealed class MessageEventWriter(string model) : AnswerStreamWriter
{
    private string? _id, _sequence;
    private string _model = model;
    private StopReason _reason;
    private bool _hasBegun;

    /// <summary>Of the block that is open; empty for none.</summary>
    private string _type = "";
    private int _index = -1;

    /// <summary>Whether it was another provider's, and nothing of the next one's belongs in it.</summary>
    private bool _isAnothers;

    /// <summary>The format has one.</summary>
    protected override bool Takes(int choice) => choice == 0;

    /// <summary>For a message that has begun already.</summary>
    /// <param name="index">Of its last block.</param>
    /// <param name="type">Of that block, where it is open; else empty.</param>
    public static MessageEventWriter GoingOn(int index, string type) => new("") { _hasBegun = true, _index = index, _type = type };

    /// <summary>A text goes on; a thought does not, as what comes is thought by another.</summary>
    public override void GoOn(string joint)
    {
        base.GoOn(joint);
        _isAnothers = _type == "thinking";
    }

    public override void Begin(string? id, string? model)
    {
        if (!_hasBegun)
        {
            (_id, _model) = (id ?? _id, model ?? _model);
        }
    }

    public override void Citation(int choice, string url, string? title)
    {
        if (_type != "text")
        {
            return;
        }

        var json = BeginDelta("citations_delta");
        json.WriteStartObject("citation");
        MessageFormat.WriteCitation(url, title, json);
        json.WriteEndObject();
        EndDelta(json);
    }

    public override void Complete()
    {
        Start();
        EndBlock();
        var json = BeginEvent("message_delta"u8);
        json.WriteString("type", "message_delta");
        json.WriteStartObject("delta");
        json.WriteString("stop_reason", MessageFormat.ReasonOf(_reason));
        json.WriteString("stop_sequence", _sequence);
        json.WriteEndObject();
        MessageFormat.WriteUsage(Usage ?? default, json);
        EndEvent();
    }

    public override void WriteEnd()
    {
        BeginEvent("message_stop"u8).WriteString("type", "message_stop");
        EndEvent();
    }

    protected override void WriteText(int choice, string text)
    {
        Open("text");
        Delta("text_delta", "text", text);
    }

    protected override void WriteThinking(int choice, string text)
    {
        Open("thinking");
        Delta("thinking_delta", "thinking", text);
    }

    protected override void WriteSignature(int choice, Signature signature) => Sign(signature.Behind(_type == "text"));

    private void Sign(Signature signature)
    {
        Open("thinking");
        Delta("signature_delta", "signature", signature.ToField(Signature.Anthropic));
        EndBlock();
    }

    protected override void WriteHiddenThinking(int choice, Signature signature)
    {
        EndBlock();
        var json = BeginBlock("redacted_thinking");
        json.WriteString("data", signature.ToField(Signature.Anthropic));
        json.WriteEndObject();
        EndEvent();
        EndBlock();
    }

    protected override void WriteRefusal(int choice, string text) => WriteText(choice, text);

    protected override void WriteCall(int choice, AnswerCall call)
    {
        if (call.Signature is { } signature)
        {
            Sign(signature);
        }

        EndBlock();
        var json = BeginBlock("tool_use");
        json.WriteString("id", call.Id);
        json.WriteString("name", call.Tool.Name);
        json.WriteStartObject("input");
        json.WriteEndObject();
        json.WriteEndObject();
        EndEvent();
    }

    protected override void WriteArguments(int choice, string text) => Delta("input_json_delta", "partial_json", text);

    protected override void WriteMedia(int choice, Media media) => WriteText(choice, MessageFormat.TextOf(media));

    protected override void WriteFinish(int choice, StopReason reason, string? sequence) => (_reason, _sequence) = (reason, sequence);

    private void Start()
    {
        if (_hasBegun)
        {
            return;
        }

        _hasBegun = true;
        var json = BeginEvent("message_start"u8);
        json.WriteString("type", "message_start");
        json.WriteStartObject("message");
        json.WriteString("id", MessageFormat.IdOf(_id));
        json.WriteString("type", "message");
        json.WriteString("role", "assistant");
        json.WriteString("model", _model);
        json.WriteStartArray("content");
        json.WriteEndArray();
        json.WriteNull("stop_reason");
        json.WriteNull("stop_sequence");
        MessageFormat.WriteUsage((Usage ?? default) with { Output = 0 }, json);
        json.WriteEndObject();
        EndEvent();
    }

    /// <summary>Opens a block, unless the one that is open is of that type.</summary>
    private void Open(string type)
    {
        if (_type == type && !_isAnothers)
        {
            return;
        }

        EndBlock();
        var json = BeginBlock(type);
        json.WriteString(type, "");
        if (type == "thinking")
        {
            json.WriteString("signature", "");
        }

        json.WriteEndObject();
        EndEvent();
    }

    private Utf8JsonWriter BeginBlock(string type)
    {
        Start();
        _type = type;
        _index++;
        var json = BeginEvent("content_block_start"u8);
        json.WriteString("type", "content_block_start");
        json.WriteNumber("index", _index);
        json.WriteStartObject("content_block");
        json.WriteString("type", type);
        return json;
    }

    private void EndBlock()
    {
        if (_type.Length == 0)
        {
            return;
        }

        (_type, _isAnothers) = ("", false);
        var json = BeginEvent("content_block_stop"u8);
        json.WriteString("type", "content_block_stop");
        json.WriteNumber("index", _index);
        EndEvent();
    }

    private void Delta(string type, string field, string text)
    {
        var json = BeginDelta(type);
        json.WriteString(field, text);
        EndDelta(json);
    }

    private Utf8JsonWriter BeginDelta(string type)
    {
        var json = BeginEvent("content_block_delta"u8);
        json.WriteString("type", "content_block_delta");
        json.WriteNumber("index", _index);
        json.WriteStartObject("delta");
        json.WriteString("type", type);
        return json;
    }

    private void EndDelta(Utf8JsonWriter json)
    {
        json.WriteEndObject();
        EndEvent();
    }
}
