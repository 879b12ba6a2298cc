using System.Diagnostics;
using System.Text.Json;
using static MasterX.AiGateway.Telemetry.GenAiJson;

namespace MasterX.AiGateway.Telemetry;

/// <summary>
/// A streamed message of Anthropic's API (<see href="https://docs.anthropic.com/en/docs/build-with-claude/streaming"/>): its blocks by their
/// index.
/// </summary>
internal sealed class GenAiMessagesStream(bool isOpenAi, bool capturesText) : GenAiStreamContent(isOpenAi, capturesText)
{
    private const int MostBlocks = 256;

    private readonly SortedDictionary<long, Block> _blocks = [];
    private int _left = BoundedJsonArray.MostCharacters;
    private string? _reason;
    private bool _begun;

    public override void DescribeEnd(Activity activity)
    {
        if (!_begun)
        {
            return;
        }

        activity.SetTag("gen_ai.response.finish_reasons", new[] { _reason ?? "error" });
        if (CapturesText)
        {
            using var output = new GenAiContentWriter();
            output.BeginMessage("assistant");
            foreach (var block in _blocks.Values.TakeWhile(_ => !output.IsFull))
            {
                block.Write(output);
            }

            output.EndMessage(GenAiMessagesContent.FinishReason(_reason));
            activity.SetTag("gen_ai.output.messages", output.ToString());
        }
    }

    protected override void Read(Activity activity, JsonElement data)
    {
        switch (Text(data, "type"u8))
        {
            case "message_start" when Field(data, "message"u8) is { } message:
                _begun = true;
                GenAiAnswerContent.DescribeAuthor(activity, message, IsOpenAi);
                break;
            case "message_delta" when Text(Field(data, "delta"u8), "stop_reason"u8) is { } reason:
                _reason = BoundedJsonArray.Cut(reason, 64);
                break;
            case "content_block_start" when CapturesText && Field(data, "content_block"u8) is { } begun && BlockAt(data) is { } block:
                block.Begin(begun, ref _left);
                break;
            case "content_block_delta" when CapturesText && Field(data, "delta"u8) is { } delta && BlockAt(data) is { } block:
                block.Add(delta, ref _left);
                break;
        }
    }

    private Block? BlockAt(JsonElement data)
    {
        var index = Number(data, "index"u8) ?? 0;
        if (!_blocks.TryGetValue(index, out var block) && _blocks.Count < MostBlocks && _left > 0)
        {
            _left -= BoundedJsonArray.CostOfElement;
            _blocks[index] = block = new Block();
        }

        return block;
    }

    /// <summary>A block, as far as it has come.</summary>
    private sealed class Block
    {
        private readonly GenAiText _text = new();
        private string? _kind;
        private string? _id;
        private string? _name;

        public void Begin(JsonElement block, ref int left)
        {
            _kind = Text(block, "type"u8);
            _id = Short(Text(block, "id"u8));
            _name = Short(Text(block, "name"u8));
            Append(Text(block, "text"u8) ?? Text(block, "thinking"u8), ref left);
        }

        public void Add(JsonElement delta, ref int left) =>
            Append(Text(delta, "text"u8) ?? Text(delta, "thinking"u8) ?? Text(delta, "partial_json"u8), ref left);

        public void Write(GenAiContentWriter output)
        {
            switch (_kind)
            {
                case "tool_use" or "server_tool_use":
                    output.ToolCall(_id, _name, _text.ToString());
                    break;
                case "thinking" when !_text.IsEmpty:
                    output.Reasoning(_text.ToString());
                    break;
                default:
                    if (!_text.IsEmpty)
                    {
                        output.Text(_text.ToString());
                    }

                    break;
            }
        }

        private static string? Short(string? text) => text is null ? null : BoundedJsonArray.Cut(text, 256);

        private void Append(string? piece, ref int left)
        {
            if (piece is not null)
            {
                _text.Append(piece, ref left);
            }
        }
    }
}
