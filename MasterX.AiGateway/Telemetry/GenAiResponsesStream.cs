using System.Diagnostics;
using System.Text.Json;
using static MasterX.AiGateway.Telemetry.GenAiJson;

namespace MasterX.AiGateway.Telemetry;

/// <summary>
/// A streamed response (<see href="https://platform.openai.com/docs/api-reference/responses-streaming"/>). Its last event holds the whole
/// response, and describes it; of a
/// stream that breaks off, the pieces do.
/// </summary>
internal sealed class GenAiResponsesStream(bool isOpenAi, bool capturesText) : GenAiStreamContent(isOpenAi, capturesText)
{
    private const int MostItems = 256;

    private static readonly string[] BrokenOff = ["error"];

    private readonly SortedDictionary<long, Item> _items = [];
    private int _left = BoundedJsonArray.MostCharacters;
    private bool _begun;
    private bool _ended;

    public override void DescribeEnd(Activity activity)
    {
        if (_ended || !_begun)
        {
            return;
        }

        activity.SetTag("gen_ai.response.finish_reasons", BrokenOff);
        if (CapturesText)
        {
            using var output = new GenAiContentWriter();
            output.BeginMessage("assistant");
            foreach (var item in _items.Values)
            {
                item.Write(output);
            }

            output.EndMessage("error");
            activity.SetTag("gen_ai.output.messages", output.ToString());
        }
    }

    protected override void Read(Activity activity, JsonElement data)
    {
        var type = Text(data, "type"u8);
        if (Field(data, "response"u8) is { } response)
        {
            GenAiAnswerContent.DescribeAuthor(activity, response, IsOpenAi);
            _begun = true;
            if (type is "response.completed" or "response.incomplete" or "response.failed")
            {
                GenAiAnswerContent.DescribeResponse(activity, response, CapturesText);
                _ended = true;
            }
        }
        else if (CapturesText && type is not null && Number(data, "output_index"u8) is { } index && ItemAt(index) is { } item)
        {
            item.Add(type, data, ref _left);
        }
    }

    private Item? ItemAt(long index) =>
        _items.TryGetValue(index, out var item) ? item : _items.Count == MostItems ? null : _items[index] = new Item();

    /// <summary>An item of the output, as far as it has come.</summary>
    private sealed class Item
    {
        private readonly GenAiText _text = new();
        private string? _kind;
        private string? _id;
        private string? _name;

        public void Add(string type, JsonElement data, ref int left)
        {
            if (type == "response.output_item.added" && Field(data, "item"u8) is { } begun)
            {
                _kind = Text(begun, "type"u8);
                _id = Text(begun, "call_id"u8) is { } id ? BoundedJsonArray.Cut(id, 256) : null;
                _name = Text(begun, "name"u8) is { } name ? BoundedJsonArray.Cut(name, 256) : null;
            }
            else if (type.EndsWith(".delta", StringComparison.Ordinal) && Text(data, "delta"u8) is { } piece)
            {
                _kind ??= "message";
                _text.Append(piece, ref left);
            }
        }

        public void Write(GenAiContentWriter output)
        {
            switch (_kind)
            {
                case "function_call" or "custom_tool_call":
                    output.ToolCall(_id, _name, _text.ToString());
                    break;
                case "reasoning" when !_text.IsEmpty:
                    output.Reasoning(_text.ToString());
                    break;
                case not null when !_text.IsEmpty:
                    output.Text(_text.ToString());
                    break;
            }
        }
    }
}
