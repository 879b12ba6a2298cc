using System.Text.Json;
using MasterX.AiGateway.Providers;
using MasterX.AiGateway.Translation.Vocabulary;
using static MasterX.AiGateway.Translation.JsonFields;

namespace MasterX.AiGateway.Translation.Requests;

/// <summary>Reads a request of Anthropic's Messages API (<see href="https://docs.anthropic.com/en/api/messages"/>).</summary>
internal static class MessagesRequestReader
{
    /// <summary>Blocks of tools that Anthropic runs itself: that it called them, and what it found, sealed for its own models for the most part.</summary>
    private static readonly HashSet<string> RunByAnthropic = new(StringComparer.Ordinal)
    {
        "server_tool_use", "web_search_tool_result", "web_fetch_tool_result", "tool_search_tool_result",
    };

    private const string BillingLine = "x-anthropic-billing-header:";

    /// <param name="root">The request.</param>
    /// <param name="dropped">Fields at the top that are to be passed over.</param>
    /// <exception cref="UntranslatableRequestException">Something in it is of another type than the format has there, or of a kind that no other format has.</exception>
    public static Conversation Read(JsonElement root, IReadOnlySet<string> dropped)
    {
        List<Turn> turns = [];
        List<ToolDefinition> tools = [];
        List<KeyValuePair<string, JsonElement>> others = [];
        List<string> ignored = [];
        List<JsonElement> hosted = [];
        Dictionary<string, string> calls = new(StringComparer.Ordinal);
        ToolChoice? choice = null;
        Thinking? thinking = null;
        AnswerFormat? format = null;
        bool? parallel = null;
        long? maxTokens = null;
        double? temperature = null, topP = null;
        int? topK = null;
        IReadOnlyList<string> stop = [];
        string? user = null, effort = null;
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
                case "system":
                    turns.Insert(0, new Turn(Speaker.Instructions, ReadSystem(value, calls, ignored)));
                    break;
                case "messages":
                    foreach (var message in ArrayOf(value, name))
                    {
                        turns.Add(ReadTurn(ObjectOf(message, name), calls, ignored));
                    }

                    break;
                case "max_tokens": maxTokens = LimitOf(value, name); break;
                case "stop_sequences": stop = [.. ArrayOf(value, name).Select(one => TextOf(one, name))]; break;
                case "stream": stream = TruthOf(value, name); break;
                case "temperature": temperature = NumberOf(value, name); break;
                case "top_p": topP = NumberOf(value, name); break;
                case "top_k": topK = SmallOf(value, name); break;
                case "tools":
                    foreach (var tool in ArrayOf(value, name))
                    {
                        if (HostedTools.Knows(ObjectOf(tool, name).Text("type")))
                        {
                            hosted.Add(tool);
                        }
                        else
                        {
                            tools.Add(AnthropicTools.Read(tool, ignored));
                        }
                    }

                    break;
                case "tool_choice":
                    choice = ReadToolChoice(value);
                    parallel = value.IsTrue("disable_parallel_tool_use") ? false : null;
                    break;
                case "thinking": thinking = AnthropicThinking.Read(ObjectOf(value, name), effort); break;
                case "output_config":
                    effort = value.Text("effort");
                    TellUnread(ObjectOf(value, name), name, ignored, "effort", "format");
                    format = value.Field("format") is { } wanted ? ReadFormat(wanted, name) : format;
                    break;
                case "output_format": format = ReadFormat(value, name); break;
                case "metadata":
                    user = value.Text("user_id");
                    TellUnread(ObjectOf(value, name), name, ignored, "user_id");
                    break;
                default: others.Add(new(name, value)); break;
            }
        }

        if (choice is { Mode: ToolMode.Named } && hosted.Exists(tool => tool.Text("name") == choice.Names[0]))
        {
            throw new UntranslatableRequestException($"The tool '{choice.Names[0]}' must be called, and is run by Anthropic itself; only tools that a caller runs can be said in another format.", "tool_choice");
        }

        var search = HostedTools.Settle(hosted, tools.Count > 0, ignored, others);
        return new Conversation
        {
            Turns = turns, Tools = tools, WebSearch = search, ToolChoice = choice, ParallelToolCalls = parallel, MaxTokens = maxTokens, Stop = stop, Temperature = temperature,
            TopP = topP, TopK = topK, Format = format, User = user, Others = others, Ignored = ignored, Stream = stream,
            Thinking = effort is null || thinking?.Effort == "none" ? thinking : (thinking ?? new Thinking()) with { Effort = effort },
        };
    }

    /// <summary>
    /// Anthropic's own agent begins its instructions with a line for Anthropic's bills, another one with each request: no other model is to read it,
    /// and no other provider's cache would find the rest.
    /// </summary>
    private static List<Part> ReadSystem(JsonElement system, Dictionary<string, string> calls, List<string> ignored)
    {
        var parts = ReadContent(system, calls, ignored);
        if (parts.RemoveAll(part => part is TextPart text && text.Text.StartsWith(BillingLine, StringComparison.Ordinal)) > 0)
        {
            ignored.Add("system.x-anthropic-billing-header");
        }

        return parts;
    }

    private static Turn ReadTurn(JsonElement message, Dictionary<string, string> calls, List<string> ignored)
    {
        var role = RequiredText(message, "role", "messages");
        var speaker = role switch
        {
            "user" => Speaker.User,
            "assistant" => Speaker.Assistant,
            "system" => Speaker.Instructions,
            _ => throw new UntranslatableRequestException($"The role '{role}' of a message is not known.", "messages"),
        };
        return new Turn(speaker, message.Field("content") is { } content ? ReadContent(content, calls, ignored) : []);
    }

    private static List<Part> ReadContent(JsonElement content, Dictionary<string, string> calls, List<string> ignored)
    {
        if (content.ValueKind == JsonValueKind.String)
        {
            return [new TextPart(content.GetString()!)];
        }

        List<Part> parts = [];
        foreach (var block in ArrayOf(content, "messages"))
        {
            if (RunByAnthropic.Contains(ObjectOf(block, "messages").Text("type") ?? ""))
            {
                // What the model made of it follows as text.
                ignored.Add($"messages.{block.Text("type")}");
                continue;
            }

            if (block.Text("type") == "document" && block.Text("context") is { Length: > 0 } context)
            {
                // What the document is, said before it.
                parts.Add(new TextPart(context));
            }

            var part = ReadBlock(block, calls, ignored);
            TellUnread(
                block, "messages", ignored, "type", "text", "source", "title", "id", "name", "input", "tool_use_id", "content", "is_error", "thinking", "signature", "data",
                "cache_control", "tool_name", "context");
            parts.Add(block.Field("cache_control") is { } mark ? part with { CacheMark = new(mark.Text("ttl")) } : part);
        }

        return parts;
    }

    private static Part ReadBlock(JsonElement block, Dictionary<string, string> calls, List<string> ignored)
    {
        const string Where = "messages";
        switch (block.Text("type"))
        {
            case "text":
                return new TextPart(RequiredText(block, "text", Where));
            case "image" when block.Field("source") is { } source:
                return new ImagePart(ReadSource(source, null));
            case "document" when block.Field("source") is { } source:
                return ReadDocument(block, source, calls, ignored);
            case "tool_use":
                var (id, name) = (RequiredText(block, "id", Where), RequiredText(block, "name", Where));
                calls[id] = name;
                return new ToolCallPart(id, name, block.Field("input")?.GetRawText() ?? "{}");
            case "tool_result":
                var callId = RequiredText(block, "tool_use_id", Where);
                return new ToolResultPart(
                    callId, calls.GetValueOrDefault(callId), block.Field("content") is { } content ? ReadContent(content, calls, ignored) : [], block.IsTrue("is_error"));
            case "search_result":
                // What a caller's own search found, with where it found it.
                var found = string.Concat(block.Elements("content").Select(part => part.Text("text")));
                return new TextPart(Titled(block.Text("title"), Titled(block.Text("source"), found)));
            case "tool_reference":
                // What a search among tools found, each of which is offered from the beginning.
                return new TextPart($"{RequiredText(block, "tool_name", Where)}\n");
            case "thinking":
                return new ThinkingPart(block.Text("thinking") ?? "")
                {
                    Signature = block.Text("signature") is { Length: > 0 } signature ? Signature.OfField(signature, Signature.Anthropic) : null,
                };
            case "redacted_thinking":
                return new HiddenThinkingPart { Signature = Signature.OfField(block.Text("data") ?? "", Signature.Anthropic) };
            case var other:
                throw new UntranslatableRequestException($"A block of type '{other}' cannot be said in another provider's format.", Where);
        }
    }

    private static Part ReadDocument(JsonElement block, JsonElement source, Dictionary<string, string> calls, List<string> ignored)
    {
        var title = block.Text("title");
        switch (source.Text("type"))
        {
            case "text":
                // A text is a text; its title says what it is.
                var text = RequiredText(source, "data", "messages");
                return new TextPart(Titled(title, text));
            case "content" when source.Field("content") is { } content && ReadContent(content, calls, ignored) is var parts && parts.TrueForAll(part => part is TextPart):
                return new TextPart(Titled(title, string.Concat(parts.Select(part => ((TextPart)part).Text))));
            default:
                return new FilePart(ReadSource(source, title), title);
        }
    }

    private static string Titled(string? title, string text) => title is null ? text : $"{title}\n\n{text}";

    private static Media ReadSource(JsonElement source, string? name)
    {
        const string Where = "messages";
        return source.Text("type") switch
        {
            "base64" => MediaReading.OfBase64(RequiredText(source, "data", Where), RequiredText(source, "media_type", Where)),
            "url" => MediaReading.OfUrl(RequiredText(source, "url", Where), Where, name),
            "file" => new Media(MediaReading.TypeOfName(name), FileId: RequiredText(source, "file_id", Where)),
            var other => throw new UntranslatableRequestException($"A source of type '{other}' cannot be said in another provider's format.", Where),
        };
    }

    private static ToolChoice ReadToolChoice(JsonElement choice) => RequiredText(choice, "type", "tool_choice") switch
    {
        "auto" => ToolChoice.Auto,
        "any" => ToolChoice.Required,
        "none" => ToolChoice.None,
        "tool" => new ToolChoice(ToolMode.Named, [RequiredText(choice, "name", "tool_choice")]),
        var other => throw new UntranslatableRequestException($"'tool_choice' cannot be of type '{other}'.", "tool_choice"),
    };

    private static AnswerFormat ReadFormat(JsonElement format, string where) => format.Text("type") == "json_schema" && format.Field("schema") is { } schema
        ? new AnswerFormat(ObjectOf(schema, where), format.Text("name") ?? "answer", Strict: true)
        : throw new UntranslatableRequestException($"A format of type '{format.Text("type")}' cannot be said in another provider's format.", where);
}
