using System.Text.Json;
using MasterX.AiGateway.Translation.Vocabulary;

namespace MasterX.AiGateway.Translation.Answers;

/// <summary>
/// Writes the events of a streamed response (<see href="https://platform.openai.com/docs/api-reference/responses-streaming"/>), numbered from
/// 0: item after item, each added, added to and done; the whole response with its tokens at the end.
/// </summary>
internal sealed class ResponseEventWriter : AnswerStreamWriter
{
    /// <summary>What has come, for the end.</summary>
    private ResponseItems _items;
    private int _sequence;
    private bool _hasBegun;

    /// <summary>The item that is open, and whether its only part is.</summary>
    private ResponseItem? _open;
    private bool _hasPart;

    /// <summary>Whether it was another provider's, and nothing of the next one's belongs in it.</summary>
    private bool _isAnothers;

    /// <summary>The format has one.</summary>
    protected override bool Takes(int choice) => choice == 0;

    /// <param name="items">Receive what comes, for the end.</param>
    public ResponseEventWriter(ResponseItems items) => _items = items;

    /// <summary>A text goes on; a thought does not, as what comes is thought by another.</summary>
    public override void GoOn(string joint)
    {
        base.GoOn(joint);
        _isAnothers = _open is { Type: "reasoning" };
    }

    public override AnswerStreamWriter Fork()
    {
        var fork = (ResponseEventWriter)base.Fork();
        fork._items = _items.Copy();
        fork._open = _open is null ? null : fork._items.Items[^1];
        return fork;
    }

    public override void Begin(string? id, string? model) => _items.Begin(id, model);

    public override void Citation(int choice, string url, string? title)
    {
        if (_open is not { Type: "message", IsRefusal: false } message)
        {
            return;
        }

        message.Cite(url, title);
        var json = BeginPartEvent("response.output_text.annotation.added"u8);
        json.WriteNumber("annotation_index", 0);
        json.WriteStartObject("annotation");
        json.WriteString("type", "url_citation");
        json.WriteString("url", url);
        json.WriteString("title", title ?? url);
        json.WriteNumber("start_index", 0);
        json.WriteNumber("end_index", 0);
        json.WriteEndObject();
        EndEvent();
    }

    public override void LogProbs(int choice, ReadOnlySpan<byte> content)
    {
        if (_open is { Type: "message" } message)
        {
            message.AddLogProbs(content);
        }
    }

    public override void Complete()
    {
        Start();
        Close();
    }

    public override void WriteEnd()
    {
        WriteResponse(_items.IsIncomplete ? "response.incomplete"u8 : "response.completed"u8, isOver: true);
    }

    protected override void WriteText(int choice, string text) => AddText(isRefusal: false, text);

    protected override void WriteRefusal(int choice, string text) => AddText(isRefusal: true, text);

    protected override void WriteThinking(int choice, string text)
    {
        if (_open is not { Type: "reasoning" } || _isAnothers)
        {
            Open(ResponseItem.Thought());
        }

        if (!_hasPart)
        {
            _hasPart = true;
            var part = BeginPartEvent("response.reasoning_summary_part.added"u8);
            part.WriteStartObject("part");
            ResponseItem.WriteSummary(part, "");
            part.WriteEndObject();
            EndEvent();
        }

        _open!.Append(text);
        var json = BeginPartEvent("response.reasoning_summary_text.delta"u8);
        json.WriteString("delta", text);
        EndEvent();
    }

    protected override void WriteSignature(int choice, Signature signature) => Sign(signature.Behind(_open is { Type: "message" }));

    private void Sign(Signature signature)
    {
        if (_open is not { Type: "reasoning" } || _isAnothers)
        {
            Open(ResponseItem.Thought());
        }

        _open!.Signature = signature;
        Close();
    }

    protected override void WriteHiddenThinking(int choice, Signature signature)
    {
        Close();
        Sign(signature);
    }

    protected override void WriteCall(int choice, AnswerCall call)
    {
        if (call.Signature is { } signature)
        {
            Sign(signature);
        }

        Open(ResponseItem.Call(call));
    }

    protected override void WriteArguments(int choice, string text)
    {
        _open!.Append(text);
        if (_open.Type == ResponseItem.ShellCall)
        {
            // Its command is told with the item, once it is whole.
            return;
        }

        var json = BeginItemEvent(_open.Type == ResponseItem.FreeformCall ? "response.custom_tool_call_input.delta"u8 : "response.function_call_arguments.delta"u8);
        json.WriteString("delta", text);
        EndEvent();
    }

    protected override void WriteMedia(int choice, Media media)
    {
        if (media.Base64.IsEmpty)
        {
            AddText(isRefusal: false, MessageFormat.TextOf(media));
        }
        else
        {
            Open(ResponseItem.Image(media));
            Close();
        }
    }

    protected override void WriteFinish(int choice, StopReason reason, string? sequence)
    {
        _items.Reason = reason;
        Close();
    }

    private void AddText(bool isRefusal, string text)
    {
        if (_open is not { Type: "message" } || _open.IsRefusal != isRefusal)
        {
            Open(ResponseItem.Message(isRefusal));
            _hasPart = true;
            WritePart("response.content_part.added"u8, "");
        }

        _open!.Append(text);
        var json = BeginPartEvent(isRefusal ? "response.refusal.delta"u8 : "response.output_text.delta"u8);
        json.WriteString("delta", text);
        if (!isRefusal)
        {
            WriteNoLogProbs(json);
        }

        EndEvent();
    }

    private void Open(ResponseItem item)
    {
        Start();
        Close();
        _open = _items.Add(item);
        WriteItem("response.output_item.added"u8, isOver: false);
    }

    private void Close()
    {
        if (_open is not { } item)
        {
            return;
        }

        switch (item.Type)
        {
            case "message":
                var text = BeginPartEvent(item.IsRefusal ? "response.refusal.done"u8 : "response.output_text.done"u8);
                text.WriteString(item.IsRefusal ? "refusal" : "text", item.Text);
                if (!item.IsRefusal)
                {
                    WriteNoLogProbs(text);
                }

                EndEvent();
                WritePart("response.content_part.done"u8, item.Text);
                break;
            case "reasoning" when _hasPart:
                BeginPartEvent("response.reasoning_summary_text.done"u8).WriteString("text", item.Text);
                EndEvent();
                var part = BeginPartEvent("response.reasoning_summary_part.done"u8);
                part.WriteStartObject("part");
                ResponseItem.WriteSummary(part, item.Text);
                part.WriteEndObject();
                EndEvent();
                break;
            case "function_call":
                var call = BeginItemEvent("response.function_call_arguments.done"u8);
                call.WriteString("name", item.Name);
                call.WriteString("arguments", item.Text);
                EndEvent();
                break;
            case ResponseItem.FreeformCall:
                BeginItemEvent("response.custom_tool_call_input.done"u8).WriteString("input", item.Text);
                EndEvent();
                break;
        }

        WriteItem("response.output_item.done"u8, isOver: true);
        (_open, _hasPart, _isAnothers) = (null, false, false);
    }

    private void Start()
    {
        if (!_hasBegun)
        {
            _hasBegun = true;
            WriteResponse("response.created"u8, isOver: false);
            WriteResponse("response.in_progress"u8, isOver: false);
        }
    }

    private void WriteResponse(ReadOnlySpan<byte> type, bool isOver)
    {
        var json = BeginNumbered(type);
        json.WriteStartObject("response");
        _items.Write(json, isOver, Usage);
        json.WriteEndObject();
        EndEvent();
    }

    private void WriteItem(ReadOnlySpan<byte> type, bool isOver)
    {
        var json = BeginNumbered(type);
        json.WriteNumber("output_index", _items.Items.Count - 1);
        json.WriteStartObject("item");
        _open!.Write(json, isOver);
        json.WriteEndObject();
        EndEvent();
    }

    private void WritePart(ReadOnlySpan<byte> type, string text)
    {
        var json = BeginPartEvent(type);
        json.WriteStartObject("part");
        _open!.WriteContent(json, text);
        json.WriteEndObject();
        EndEvent();
    }

    private static void WriteNoLogProbs(Utf8JsonWriter json)
    {
        json.WriteStartArray("logprobs");
        json.WriteEndArray();
    }

    private Utf8JsonWriter BeginNumbered(ReadOnlySpan<byte> type)
    {
        var json = BeginEvent(type);
        json.WriteString("type"u8, type);
        json.WriteNumber("sequence_number", _sequence++);
        return json;
    }

    /// <summary>About the item that is open.</summary>
    private Utf8JsonWriter BeginItemEvent(ReadOnlySpan<byte> type)
    {
        var json = BeginNumbered(type);
        json.WriteString("item_id", _open!.Id);
        json.WriteNumber("output_index", _items.Items.Count - 1);
        return json;
    }

    /// <summary>About the only part of the item that is open.</summary>
    private Utf8JsonWriter BeginPartEvent(ReadOnlySpan<byte> type)
    {
        var json = BeginItemEvent(type);
        json.WriteNumber(_open!.Type == "reasoning" ? "summary_index" : "content_index", 0);
        return json;
    }
}
