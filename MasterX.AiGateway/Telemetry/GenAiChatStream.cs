using System.Diagnostics;
using System.Text.Json;
using static MasterX.AiGateway.Telemetry.GenAiJson;

namespace MasterX.AiGateway.Telemetry;

/// <summary>
/// A streamed chat completion (<see href="https://platform.openai.com/docs/api-reference/chat-streaming"/>): choices by their index, calls
/// of tools by theirs.
/// </summary>
internal sealed class GenAiChatStream(bool isOpenAi, bool capturesText) : GenAiStreamContent(isOpenAi, capturesText)
{
    /// <summary>More than any provider gives; the indices are theirs to make up.</summary>
    private const int MostChoices = 128;

    private readonly SortedDictionary<long, Choice> _choices = [];
    private int _left = BoundedJsonArray.MostCharacters;
    private bool _authorKnown;

    public override void DescribeEnd(Activity activity)
    {
        if (_choices.Count == 0)
        {
            return;
        }

        activity.SetTag("gen_ai.response.finish_reasons", _choices.Values.Select(choice => choice.FinishReason ?? "error").ToArray());
        if (CapturesText)
        {
            using var output = new GenAiContentWriter();
            foreach (var choice in _choices.Values.TakeWhile(_ => !output.IsFull))
            {
                choice.Write(output);
            }

            activity.SetTag("gen_ai.output.messages", output.ToString());
        }
    }

    protected override void Read(Activity activity, JsonElement data)
    {
        if (!_authorKnown)
        {
            GenAiAnswerContent.DescribeAuthor(activity, data, IsOpenAi);
            _authorKnown = true;
        }

        foreach (var choice in Elements(data, "choices"u8))
        {
            var index = Number(choice, "index"u8) ?? 0;
            if (!_choices.TryGetValue(index, out var known))
            {
                if (_choices.Count == MostChoices)
                {
                    continue;
                }

                _choices[index] = known = new Choice();
            }

            if (Text(choice, "finish_reason"u8) is { } reason)
            {
                known.FinishReason = BoundedJsonArray.Cut(reason, 64);
            }

            if (CapturesText && Field(choice, "delta"u8) is { } delta)
            {
                known.Add(delta, ref _left);
            }
        }
    }

    private sealed class Choice
    {
        private readonly GenAiText _text = new();
        private readonly GenAiText _reasoning = new();
        private readonly GenAiText _refusal = new();
        private readonly GenAiText _spoken = new();
        private readonly SortedDictionary<long, Call> _calls = [];

        public string? FinishReason { get; set; }

        public void Add(JsonElement delta, ref int left)
        {
            Append(_text, Text(delta, "content"u8), ref left);
            Append(_reasoning, Text(delta, "reasoning_content"u8) ?? Text(delta, "reasoning"u8), ref left);
            Append(_refusal, Text(delta, "refusal"u8), ref left);
            Append(_spoken, Text(Field(delta, "audio"u8), "transcript"u8), ref left);
            foreach (var piece in Elements(delta, "tool_calls"u8))
            {
                var index = Number(piece, "index"u8) ?? 0;
                if (!_calls.TryGetValue(index, out var call) && left > 0)
                {
                    left -= BoundedJsonArray.CostOfElement;
                    _calls[index] = call = new Call();
                }

                call?.Add(piece, ref left);
            }
        }

        public void Write(GenAiContentWriter output)
        {
            output.BeginMessage("assistant");
            if (!_reasoning.IsEmpty)
            {
                output.Reasoning(_reasoning.ToString());
            }

            if (!_text.IsEmpty)
            {
                output.Text(_text.ToString());
            }

            if (!_refusal.IsEmpty)
            {
                output.Refusal(_refusal.ToString());
            }

            if (!_spoken.IsEmpty)
            {
                // The sound itself comes in pieces of data that nobody would listen to in a trace.
                output.Blob("audio", null, "", _spoken.ToString());
            }

            foreach (var call in _calls.Values.TakeWhile(_ => !output.IsFull))
            {
                output.ToolCall(call.Id, call.Name, call.Arguments.ToString());
            }

            output.EndMessage(GenAiChatContent.FinishReason(FinishReason));
        }

        private static void Append(GenAiText text, string? piece, ref int left)
        {
            if (piece is not null)
            {
                text.Append(piece, ref left);
            }
        }
    }

    private sealed class Call
    {
        public string? Id { get; private set; }

        public string? Name { get; private set; }

        public GenAiText Arguments { get; } = new();

        public void Add(JsonElement piece, ref int left)
        {
            var function = Field(piece, "function"u8) ?? Field(piece, "custom"u8);
            Id ??= Take(Text(piece, "id"u8), ref left);
            Name ??= Take(Text(function, "name"u8), ref left);
            if ((Text(function, "arguments"u8) ?? Text(function, "input"u8)) is { } arguments)
            {
                Arguments.Append(arguments, ref left);
            }
        }

        private static string? Take(string? text, ref int left)
        {
            if (text is null || left <= 0)
            {
                return null;
            }

            text = BoundedJsonArray.Cut(text, 256);
            left -= text.Length;
            return text;
        }
    }
}
