using System.Text.Json;
using MasterX.AiGateway.Providers;
using MasterX.AiGateway.Translation.Vocabulary;
using static MasterX.AiGateway.Translation.JsonFields;

namespace MasterX.AiGateway.Translation.Requests;

/// <summary>Reads a request of OpenAI's Responses API (<see href="https://platform.openai.com/docs/api-reference/responses/create"/>).</summary>
internal static class ResponsesRequestReader
{
    /// <param name="root">The request.</param>
    /// <param name="dropped">Fields at the top that are to be passed over.</param>
    /// <exception cref="UntranslatableRequestException">Something in it is of another type than the format has there, or of a kind that no other format has.</exception>
    public static Conversation Read(JsonElement root, IReadOnlySet<string> dropped)
    {
        List<Turn> turns = [];
        List<ToolDefinition> tools = [];
        List<KeyValuePair<string, JsonElement>> others = [];
        List<string> ignored = [];
        ToolChoice? choice = null;
        Thinking? thinking = null;
        AnswerFormat? format = null;
        bool? parallel = null;
        long? maxTokens = null;
        double? temperature = null, topP = null, presence = null, frequency = null;
        int? topLogProbs = null;
        string? user = null;
        var stream = false;
        foreach (var field in Fields(root))
        {
            var (name, value) = (field.Name, field.Value);
            if (value.ValueKind == JsonValueKind.Null || dropped.Contains(name))
            {
                continue;
            }

            switch (name)
            {
                case "model":
                    break;
                case "instructions":
                    turns.Insert(0, new Turn(Speaker.Instructions, [new TextPart(TextOf(value, name))]));
                    break;
                case "input":
                    ReadInput(value, turns);
                    break;
                case "max_output_tokens": maxTokens = LimitOf(value, name); break;
                case "stream": stream = TruthOf(value, name); break;
                case "temperature": temperature = NumberOf(value, name); break;
                case "top_p": topP = NumberOf(value, name); break;
                case "presence_penalty": presence = NumberOf(value, name); break;
                case "frequency_penalty": frequency = NumberOf(value, name); break;
                case "top_logprobs": topLogProbs = SmallOf(value, name); break;
                case "parallel_tool_calls": parallel = TruthOf(value, name); break;
                case "tools":
                    foreach (var tool in ArrayOf(value, name))
                    {
                        tools.Add(ReadTool(ObjectOf(tool, name), ignored));
                    }

                    break;
                case "tool_choice": choice = ReadToolChoice(value); break;
                case "reasoning":
                    thinking = value.EnumerateObject().Any() ? new Thinking(value.Text("effort"), IsShown: (value.Text("summary") ?? value.Text("generate_summary")) is not null) : null;
                    break;
                case "text":
                    format = value.Field("format") is { } wanted ? ReadFormat(wanted) : null;
                    if (value.Field("verbosity") is not null)
                    {
                        ignored.Add("text.verbosity");
                    }

                    break;
                case "user": user = TextOf(value, name); break;
                case "background" when value.ValueKind == JsonValueKind.False:
                    break;
                default: others.Add(new(name, value)); break;
            }
        }

        return new Conversation
        {
            Turns = turns, Tools = tools, ToolChoice = choice, ParallelToolCalls = parallel, MaxTokens = maxTokens, Temperature = temperature, TopP = topP,
            PresencePenalty = presence, FrequencyPenalty = frequency, TopLogProbs = topLogProbs is 0 ? null : topLogProbs, LogProbs = topLogProbs is > 0, Format = format,
            Thinking = thinking, User = user, Others = others, Ignored = ignored, Stream = stream,
        };
    }

    private static void ReadInput(JsonElement input, List<Turn> turns)
    {
        if (input.ValueKind == JsonValueKind.String)
        {
            turns.Add(new Turn(Speaker.User, [new TextPart(input.GetString()!)]));
            return;
        }

        Dictionary<string, string> calls = new(StringComparer.Ordinal);
        foreach (var item in ArrayOf(input, "input"))
        {
            var turn = ReadItem(ObjectOf(item, "input"), calls);
            if (turns is [.., { } last] && last.Speaker == turn.Speaker && (turn.Speaker == Speaker.Assistant || (IsResults(turn) && IsResults(last))))
            {
                // Items of one turn, one by one: thoughts, texts and calls; or what several tools gave.
                turns[^1] = last with { Parts = [.. last.Parts, .. turn.Parts] };
            }
            else
            {
                turns.Add(turn);
            }
        }
    }

    private static bool IsResults(Turn turn) => turn.Parts.Count > 0 && turn.Parts.All(part => part is ToolResultPart);

    private static Turn ReadItem(JsonElement item, Dictionary<string, string> calls)
    {
        const string Where = "input";
        switch (item.Text("type") ?? "message")
        {
            case "message":
                var role = RequiredText(item, "role", Where);
                var speaker = role switch
                {
                    "user" => Speaker.User,
                    "assistant" => Speaker.Assistant,
                    "system" or "developer" => Speaker.Instructions,
                    _ => throw new UntranslatableRequestException($"The role '{role}' of a message is not known.", Where),
                };
                return new Turn(speaker, item.Field("content") is { } content ? ReadContent(content) : []);
            case "function_call":
                var (id, name) = (RequiredText(item, "call_id", Where), RequiredText(item, "name", Where));
                calls[id] = name;
                var arguments = item.Text("arguments");
                return new Turn(Speaker.Assistant, [new ToolCallPart(id, name, string.IsNullOrWhiteSpace(arguments) ? "{}" : arguments)]);
            case "function_call_output":
                var callId = RequiredText(item, "call_id", Where);
                return new Turn(Speaker.User, [new ToolResultPart(callId, calls.GetValueOrDefault(callId), item.Field("output") is { } output ? ReadContent(output) : [])]);
            case "reasoning":
                return new Turn(Speaker.Assistant, ReadReasoning(item));
            case var other:
                throw new UntranslatableRequestException($"An item of type '{other}' cannot be said in another provider's format.", Where);
        }
    }

    /// <summary>What was thought, shown as far as it was, with its signature in <c>encrypted_content</c>.</summary>
    private static List<Part> ReadReasoning(JsonElement item)
    {
        var text = string.Join("\n\n", item.Elements("summary").Concat(item.Elements("content")).Select(part => part.Text("text")));
        var signature = item.Text("encrypted_content") is { Length: > 0 } sealedText ? Signature.OfField(sealedText, Signature.OpenAi) : null;
        return text.Length == 0 && signature is null ? []
            : text.Length == 0 ? [new HiddenThinkingPart { Signature = signature }]
            : [new ThinkingPart(text) { Signature = signature }];
    }

    private static List<Part> ReadContent(JsonElement content)
    {
        if (content.ValueKind == JsonValueKind.String)
        {
            return [new TextPart(content.GetString()!)];
        }

        List<Part> parts = [];
        foreach (var part in ArrayOf(content, "input"))
        {
            parts.Add(ReadPart(ObjectOf(part, "input")));
        }

        return parts;
    }

    private static Part ReadPart(JsonElement part)
    {
        const string Where = "input";
        switch (part.Text("type"))
        {
            case "input_text" or "output_text" or "text":
                return new TextPart(RequiredText(part, "text", Where));
            case "refusal":
                return new RefusalPart(RequiredText(part, "refusal", Where));
            case "input_image":
                return part.Text("file_id") is { } id
                    ? new ImagePart(new Media(null, FileId: id), part.Text("detail"))
                    : new ImagePart(MediaReading.OfUrl(RequiredText(part, "image_url", Where), Where), part.Text("detail"));
            case "input_audio" when part.Field("input_audio") is { } audio:
                return new AudioPart(MediaReading.OfBase64(RequiredText(audio, "data", Where), MediaReading.TypeOfName(audio.Text("format"))));
            case "input_file":
                var name = part.Text("filename");
                return part.Text("file_id") is { } file ? new FilePart(new Media(MediaReading.TypeOfName(name), FileId: file), name)
                    : part.Text("file_data") is { } data && !data.StartsWith("data:", StringComparison.OrdinalIgnoreCase) ? new FilePart(MediaReading.OfBase64(data, MediaReading.TypeOfName(name)), name)
                    : new FilePart(MediaReading.OfUrl(part.Text("file_data") ?? RequiredText(part, "file_url", Where), Where, name), name);
            case var other:
                throw new UntranslatableRequestException($"A content part of type '{other}' cannot be said in another provider's format.", Where);
        }
    }

    private static ToolDefinition ReadTool(JsonElement tool, List<string> ignored)
    {
        const string Where = "tools";
        TellUnread(tool, Where, ignored, "type", "name", "description", "parameters", "strict");
        return tool.Text("type") == "function"
            ? new ToolDefinition(
                RequiredText(tool, "name", Where), tool.Text("description"), tool.Field("parameters") is { } schema ? ObjectOf(schema, Where) : null,
                tool.Field("strict") is { } strict ? TruthOf(strict, Where) : null)
            : throw new UntranslatableRequestException($"A tool of type '{tool.Text("type")}' is run by OpenAI itself, and no other provider has it; only functions can be said in another format.", Where);
    }

    private static ToolChoice ReadToolChoice(JsonElement choice)
    {
        const string Where = "tool_choice";
        if (choice.ValueKind == JsonValueKind.String)
        {
            return choice.GetString() switch
            {
                "none" => ToolChoice.None,
                "auto" => ToolChoice.Auto,
                "required" => ToolChoice.Required,
                var other => throw new UntranslatableRequestException($"'tool_choice' cannot be '{other}'.", Where),
            };
        }

        return choice.Text("type") == "allowed_tools"
            ? new ToolChoice(
                choice.Text("mode") == "required" ? ToolMode.Required : ToolMode.Auto, [.. choice.Elements("tools").Select(tool => RequiredText(tool, "name", Where))])
            : new ToolChoice(ToolMode.Named, [RequiredText(choice, "name", Where)]);
    }

    private static AnswerFormat? ReadFormat(JsonElement format) => format.Text("type") switch
    {
        "text" => null,
        "json_object" => new AnswerFormat(null),
        "json_schema" => new AnswerFormat(
            format.Field("schema") is { } schema ? ObjectOf(schema, "text") : null, format.Text("name"), format.Text("description"),
            format.Field("strict") is { } strict ? TruthOf(strict, "text") : null),
        var other => throw new UntranslatableRequestException($"A format of type '{other}' cannot be said in another provider's format.", "text"),
    };
}
