using System.Text;
using System.Text.Json;

namespace MasterX.Api.OpenAi;

/// <summary>What is said in requests and answers of the three formats that are forwarded, as far as it is kept: the last user's text, the system's, and the answer's.</summary>
internal static class ForwardedText
{
    /// <summary>Characters of a text that are kept.</summary>
    public const int Longest = 1 << 20;

    /// <summary>What was asked, in any of the formats; what is no such body says nothing.</summary>
    public static (string Prompt, string? System) OfRequest(ReadOnlyMemory<byte> body)
    {
        try
        {
            using var document = JsonDocument.Parse(body);
            var root = document.RootElement;
            var (prompt, system) = ("", new StringBuilder());
            Append(system, Text(Field(root, "system")) + Text(Field(root, "instructions")));
            if (Field(root, "input") is { ValueKind: JsonValueKind.String } input)
            {
                prompt = Said(input);
            }

            foreach (var turn in Elements(Field(root, "messages")).Concat(Elements(Field(root, "input"))))
            {
                var text = Text(Field(turn, "content"));
                switch (Name(turn, "role"))
                {
                    // A turn that brings results of tools alone says nothing.
                    case "user" when text.Length > 0:
                        prompt = text;
                        break;
                    case "system" or "developer":
                        Append(system, text);
                        break;
                }
            }

            return (Cut(prompt), system.Length > 0 ? Cut(system.ToString()) : null);
        }
        catch (JsonException)
        {
            return ("", null);
        }
    }

    /// <summary>Of a whole answer.</summary>
    public static (string Content, string? FinishReason) OfAnswer(JsonElement answer)
    {
        if (First(answer, "choices") is { } choice)
        {
            return (Text(Field(Field(choice, "message"), "content")), Name(choice, "finish_reason"));
        }

        return Field(answer, "output") is { ValueKind: JsonValueKind.Array } output
            ? (string.Concat(Elements(output).Where(item => Name(item, "type") == "message").Select(item => Text(Field(item, "content")))), OfResponse(answer))
            : (Text(Field(answer, "content")), Name(answer, "stop_reason"));
    }

    /// <summary>Of an event of a stream.</summary>
    /// <returns>What it adds, why the answer ended where it says so, and whether it is the stream's own end.</returns>
    public static (string? Text, string? FinishReason, bool IsEnd) OfEvent(JsonElement data)
    {
        switch (Name(data, "type"))
        {
            case "response.output_text.delta":
                return (Name(data, "delta"), null, false);
            case "response.completed" or "response.incomplete":
                return (null, OfResponse(Field(data, "response")), true);
            case "content_block_delta":
                return (Name(Field(data, "delta"), "text"), null, false);
            case "message_delta":
                return (null, Name(Field(data, "delta"), "stop_reason"), false);
            case "message_stop":
                return (null, null, true);
        }

        return First(data, "choices") is { } choice && (Field(choice, "index") is not { ValueKind: JsonValueKind.Number } index || (index.TryGetInt32(out var number) && number == 0))
            ? (Name(Field(choice, "delta"), "content"), Name(choice, "finish_reason"), false)
            : (null, null, false);
    }

    private static string? OfResponse(JsonElement? response) => Name(Field(response, "incomplete_details"), "reason") ?? Name(response, "status");

    private static void Append(StringBuilder text, string more)
    {
        if (more.Length > 0)
        {
            text.Append(text.Length > 0 ? "\n" : "").Append(more);
        }
    }

    /// <summary>A text, or the texts of its parts.</summary>
    private static string Text(JsonElement? content) => content switch
    {
        { ValueKind: JsonValueKind.String } text => Said(text),
        { ValueKind: JsonValueKind.Array } parts => string.Concat(parts.EnumerateArray().Select(part => Name(part, "text"))),
        _ => "",
    };

    private static string Cut(string text) => text.Length <= Longest ? text : text[..(char.IsHighSurrogate(text[Longest - 1]) ? Longest - 1 : Longest)];

    private static JsonElement? First(JsonElement? parent, string name) => Field(parent, name) is { ValueKind: JsonValueKind.Array } list && list.GetArrayLength() > 0 ? list[0] : null;

    private static JsonElement.ArrayEnumerator Elements(JsonElement? list) => list is { ValueKind: JsonValueKind.Array } array ? array.EnumerateArray() : default;

    /// <summary>A name that is none, such as half of a character, is nobody's: what a body says never ends its booking.</summary>
    private static JsonElement? Field(JsonElement? parent, string name)
    {
        try
        {
            return parent is { ValueKind: JsonValueKind.Object } known && known.TryGetProperty(name, out var field) ? field : null;
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }

    private static string? Name(JsonElement? parent, string name) => Field(parent, name) is { ValueKind: JsonValueKind.String } text ? Said(text) : null;

    /// <summary>A text that is none, such as half of a character, is passed on to its caller as it is, and kept as the mark for one.</summary>
    private static string Said(JsonElement text)
    {
        try
        {
            return text.GetString()!;
        }
        catch (InvalidOperationException)
        {
            return "\uFFFD";
        }
    }
}
