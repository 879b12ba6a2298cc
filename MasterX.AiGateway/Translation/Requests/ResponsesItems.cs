using System.Text.Json;
using MasterX.AiGateway.Providers;
using MasterX.AiGateway.Translation.Vocabulary;
using static MasterX.AiGateway.Translation.JsonFields;

namespace MasterX.AiGateway.Translation.Requests;

/// <summary>Reads the items of a response's <c>input</c> (<see href="https://platform.openai.com/docs/api-reference/responses/create"/>).</summary>
/// <param name="turns">Receive what was said.</param>
/// <param name="tools">Receive tools that stand among the items, and the names of what is not read.</param>
internal sealed class ResponsesItems(List<Turn> turns, ResponsesTools tools)
{
    /// <summary>An item that offers tools, as agents send them that keep the beginning of a request the same.</summary>
    public const string MoreTools = "additional_tools";

    private const string Where = "input";

    private readonly Dictionary<string, string> _calls = new(StringComparer.Ordinal);

    /// <param name="input">A text, or an array of items.</param>
    /// <exception cref="UntranslatableRequestException">Something in it is of another type than the format has there, or of a kind that no other format has.</exception>
    public void Read(JsonElement input)
    {
        if (input.ValueKind == JsonValueKind.String)
        {
            turns.Add(new Turn(Speaker.User, [new TextPart(input.GetString()!)]));
            return;
        }

        foreach (var item in ArrayOf(input, Where))
        {
            var turn = ReadItem(ObjectOf(item, Where));
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

    private Turn ReadItem(JsonElement item)
    {
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
                var arguments = item.Text("arguments");
                return Call(item, string.IsNullOrWhiteSpace(arguments) ? "{}" : arguments);
            case "custom_tool_call":
                return Call(item, FreeformTool.Arguments(item.Text("input") ?? ""));
            case "local_shell_call":
                return Call(item.Text("call_id") ?? RequiredText(item, "id", Where), ShellTool.Name, item.Field("action")?.GetRawText() ?? "{}");
            case "function_call_output" or "custom_tool_call_output" or "local_shell_call_output":
                // The shell's has the call's name as its own.
                var callId = item.Text("call_id") ?? RequiredText(item, "id", Where);
                return new Turn(Speaker.User, [new ToolResultPart(callId, _calls.GetValueOrDefault(callId), item.Field("output") is { } output ? ReadContent(output) : [])]);
            case MoreTools when item.Field("tools") is { } more:
                tools.Add(more);
                return new Turn(Speaker.Assistant, []);
            case "image_generation_call" when item.Text("result") is { Length: > 0 } image:
                return new Turn(Speaker.Assistant, [new ImagePart(MediaReading.OfBytes(image, "image/png"))]);
            case "image_generation_call":
                tools.Ignored.Add($"{Where}.image_generation_call");
                return new Turn(Speaker.Assistant, []);
            case "web_search_call":
                // That it was searched; what came of it is in the text behind it.
                tools.Ignored.Add($"{Where}.web_search_call");
                return new Turn(Speaker.Assistant, []);
            case "agent_message":
                // From one agent of the caller's to another, which is who is asked now.
                return new Turn(Speaker.User, item.Field("content") is { } words ? ReadContent(words) : []);
            case "item_reference":
                throw new UntranslatableRequestException(
                    $"The item '{item.Text("id")}' is only referred to, and nothing of it is kept here: send the item itself, as the answer had it, or name a model of the provider that keeps it.", Where);
            case "reasoning":
                return new Turn(Speaker.Assistant, ReadReasoning(item));
            case var other:
                throw new UntranslatableRequestException($"An item of type '{other}' cannot be said in another provider's format.", Where);
        }
    }

    private Turn Call(JsonElement item, string arguments) =>
        Call(RequiredText(item, "call_id", Where), ResponsesTools.FunctionOf(item.Text("namespace"), RequiredText(item, "name", Where)), arguments);

    private Turn Call(string id, string function, string arguments)
    {
        _calls[id] = function;
        return new Turn(Speaker.Assistant, [new ToolCallPart(id, function, arguments)]);
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
        foreach (var part in ArrayOf(content, Where))
        {
            parts.Add(ReadPart(ObjectOf(part, Where)));
        }

        return parts;
    }

    private static Part ReadPart(JsonElement part)
    {
        switch (part.Text("type"))
        {
            case "input_text" or "output_text" or "text":
                return new TextPart(RequiredText(part, "text", Where));
            case "encrypted_content" when part.Text("encrypted_content") is { } words:
                // What a model wrote for another agent; of those that do not encrypt it is the text itself.
                return new TextPart(words);
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
}
