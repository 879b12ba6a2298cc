using System.Text;
using System.Text.Json;
using MasterX.AiGateway.Translation.Vocabulary;

namespace MasterX.AiGateway.Translation.Answers;

/// <summary>
/// Writes a message of Anthropic's API (<see href="https://docs.anthropic.com/en/api/messages"/>). Signatures of other providers stand in a
/// thinking block of their own, so that clients send them back with it.
/// </summary>
/// <param name="model">What was asked for, until the provider says better.</param>
internal sealed class MessageWriter(string model) : WholeAnswerWriter
{
    private readonly List<Block> _blocks = [];
    private string? _id, _sequence;
    private string _model = model;
    private StopReason _reason;

    /// <summary>The format has one.</summary>
    protected override bool Takes(int choice) => choice == 0;

    public override void Begin(string? id, string? model) => (_id, _model) = (id ?? _id, model ?? _model);

    public override void Citation(int choice, string url, string? title)
    {
        if (_blocks is [.., { Type: "text" } text])
        {
            text.Citations.Add((url, title));
        }
    }

    protected override void WriteText(int choice, string text) => Last("text").Text.Append(text);

    protected override void WriteThinking(int choice, string text)
    {
        if (_blocks is not [.., { Type: "thinking", Signature: null }])
        {
            _blocks.Add(new Block("thinking"));
        }

        _blocks[^1].Text.Append(text);
    }

    protected override void WriteSignature(int choice, Signature signature) => Sign(signature.Behind(_blocks is [.., { Type: "text" }]));

    private void Sign(Signature signature)
    {
        if (_blocks is not [.., { Type: "thinking", Signature: null }])
        {
            _blocks.Add(new Block("thinking"));
        }

        _blocks[^1].Signature = signature;
    }

    protected override void WriteHiddenThinking(int choice, Signature signature) => _blocks.Add(new Block("redacted_thinking") { Signature = signature });

    protected override void WriteRefusal(int choice, string text) => Last("text").Text.Append(text);

    protected override void WriteCall(int choice, AnswerCall call)
    {
        if (call.Signature is { } signature)
        {
            Sign(signature);
        }

        _blocks.Add(new Block("tool_use") { Id = call.Id, Name = call.Tool.Name });
    }

    protected override void WriteArguments(int choice, string text) => _blocks[^1].Text.Append(text);

    protected override void WriteMedia(int choice, Media media) => Last("text").Text.Append(MessageFormat.TextOf(media));

    protected override void WriteFinish(int choice, StopReason reason, string? sequence) => (_reason, _sequence) = (reason, sequence);

    public override void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("id", MessageFormat.IdOf(_id));
        json.WriteString("type", "message");
        json.WriteString("role", "assistant");
        json.WriteString("model", _model);
        json.WriteStartArray("content");
        foreach (var block in _blocks)
        {
            block.Write(json);
        }

        json.WriteEndArray();
        json.WriteString("stop_reason", MessageFormat.ReasonOf(_reason));
        json.WriteString("stop_sequence", _sequence);
        MessageFormat.WriteUsage(Usage ?? default, json);
        json.WriteEndObject();
    }

    private Block Last(string type)
    {
        if (_blocks.Count == 0 || _blocks[^1].Type != type)
        {
            _blocks.Add(new Block(type));
        }

        return _blocks[^1];
    }

    private sealed class Block(string type)
    {
        public string Type { get; } = type;

        public StringBuilder Text { get; } = new();

        public string? Id { get; init; }

        public string? Name { get; init; }

        public Signature? Signature { get; set; }

        public List<(string Url, string? Title)> Citations { get; } = [];

        public void Write(Utf8JsonWriter json)
        {
            json.WriteStartObject();
            json.WriteString("type", Type);
            switch (Type)
            {
                case "thinking":
                    json.WriteString("thinking", Text.ToString());
                    json.WriteString("signature", Signature?.ToField(Signature.Anthropic) ?? "");
                    break;
                case "redacted_thinking":
                    json.WriteString("data", Signature?.ToField(Signature.Anthropic) ?? "");
                    break;
                case "tool_use":
                    json.WriteString("id", Id);
                    json.WriteString("name", Name);
                    json.WritePropertyName("input");
                    Requests.ToolArguments.WriteObject(Text.ToString(), "arguments", json);
                    break;
                default:
                    json.WriteString("text", Text.ToString());
                    WriteCitations(json);
                    break;
            }

            json.WriteEndObject();
        }

        private void WriteCitations(Utf8JsonWriter json)
        {
            if (Citations.Count == 0)
            {
                return;
            }

            json.WriteStartArray("citations");
            foreach (var (url, title) in Citations)
            {
                json.WriteStartObject();
                MessageFormat.WriteCitation(url, title, json);
                json.WriteEndObject();
            }

            json.WriteEndArray();
        }
    }
}
