using System.Text;
using System.Text.Json;
using MasterX.AiGateway.Translation.Vocabulary;

namespace MasterX.AiGateway.Translation.Answers;

/// <summary>An item of a response's output.</summary>
internal sealed class ResponseItem
{
    public const string FreeformCall = "custom_tool_call", ShellCall = "local_shell_call";

    private StringBuilder _text = new();
    private StringBuilder _logProbs = new();
    private List<(string Url, string? Title)> _citations = [];

    private ResponseItem(string type, string prefix) => (Type, Id) = (type, AnswerStreamWriter.NewId(prefix));

    public static ResponseItem Message(bool isRefusal) => new("message", "msg_") { IsRefusal = isRefusal };

    public static ResponseItem Thought() => new("reasoning", "rs_");

    public static ResponseItem Call(AnswerCall call)
    {
        var (type, prefix) = call.Tool.Shape switch { ToolShape.Freeform => (FreeformCall, "ctc_"), ToolShape.Shell => (ShellCall, "lsh_"), _ => ("function_call", "fc_") };
        return new(type, prefix) { CallId = call.Id, Name = call.Tool.Name, Namespace = call.Tool.Namespace };
    }

    public static ResponseItem Image(Media media) => new("image_generation_call", "ig_") { Media = media };

    public string Type { get; }

    public string Id { get; }

    /// <summary>Of a message: whether its text says that the model will not answer.</summary>
    public bool IsRefusal { get; private init; }

    public string? CallId { get; private init; }

    public string? Name { get; private init; }

    /// <summary>Of a call: the group its tool is of.</summary>
    public string? Namespace { get; private init; }

    public Media? Media { get; private init; }

    /// <summary>Of a thought: what its provider wants back.</summary>
    public Signature? Signature { get; set; }

    /// <summary>A message's, a thought's, or the arguments or input of a call.</summary>
    public string Text => _text.ToString();

    public bool IsEmpty => _text.Length == 0;

    public ResponseItem Copy()
    {
        var copy = (ResponseItem)MemberwiseClone();
        (copy._text, copy._logProbs, copy._citations) = (new StringBuilder().Append(_text), new StringBuilder().Append(_logProbs), [.. _citations]);
        return copy;
    }

    public void Append(string text) => _text.Append(text);

    public void Cite(string url, string? title) => _citations.Add((url, title));

    /// <param name="content">An array; those behind one another become one.</param>
    public void AddLogProbs(ReadOnlySpan<byte> content) =>
        _logProbs.Append(_logProbs.Length > 0 ? "," : "").Append(Encoding.UTF8.GetString(content.Trim((byte)' ')[1..^1]));

    /// <summary>Writes the item's members.</summary>
    /// <param name="json">Stands in an object.</param>
    /// <param name="isOver">Whether all of it has come; it is as good as empty otherwise.</param>
    /// <param name="isCut">Whether the answer ended in it before its end.</param>
    public void Write(Utf8JsonWriter json, bool isOver, bool isCut = false)
    {
        var status = !isOver ? "in_progress" : isCut ? "incomplete" : "completed";
        json.WriteString("id", Id);
        json.WriteString("type", Type);
        switch (Type)
        {
            case "message":
                json.WriteString("status", status);
                json.WriteString("role", "assistant");
                json.WriteStartArray("content");
                if (isOver)
                {
                    json.WriteStartObject();
                    WriteContent(json, Text);
                    json.WriteEndObject();
                }

                json.WriteEndArray();
                break;
            case "reasoning":
                json.WriteStartArray("summary");
                if (isOver && !IsEmpty)
                {
                    json.WriteStartObject();
                    WriteSummary(json, Text);
                    json.WriteEndObject();
                }

                json.WriteEndArray();
                if (isOver && Signature is { } signature)
                {
                    json.WriteString("encrypted_content", signature.ToField(Signature.OpenAi));
                }

                break;
            case "function_call" or FreeformCall:
                json.WriteString("status", status);
                json.WriteString("call_id", CallId);
                json.WriteString("name", Name);
                if (Namespace is not null)
                {
                    json.WriteString("namespace", Namespace);
                }

                json.WriteString(Type == FreeformCall ? "input" : "arguments", isOver ? Text : "");
                break;
            case ShellCall:
                json.WriteString("status", status);
                json.WriteString("call_id", CallId);
                Requests.ShellTool.WriteAction(isOver ? Text : "", json);
                break;
            default:
                json.WriteString("status", status);
                json.WriteString("result", isOver ? Media!.Base64.Span : default);
                break;
        }
    }

    /// <summary>Writes the members of a message's only part.</summary>
    public void WriteContent(Utf8JsonWriter json, string text)
    {
        json.WriteString("type", IsRefusal ? "refusal" : "output_text");
        json.WriteString(IsRefusal ? "refusal" : "text", text);
        if (IsRefusal)
        {
            return;
        }

        json.WriteStartArray("annotations");
        foreach (var (url, title) in _citations)
        {
            json.WriteStartObject();
            json.WriteString("type", "url_citation");
            json.WriteString("url", url);
            json.WriteString("title", title ?? url);
            json.WriteNumber("start_index", 0);
            json.WriteNumber("end_index", 0);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WritePropertyName("logprobs");
        json.WriteRawValue($"[{_logProbs}]", skipInputValidation: true);
    }

    /// <summary>Writes the members of a thought's only part.</summary>
    public static void WriteSummary(Utf8JsonWriter json, string text)
    {
        json.WriteString("type", "summary_text");
        json.WriteString("text", text);
    }
}
