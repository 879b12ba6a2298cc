using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text.Json;
using MasterX.AiGateway.Requests;
using static MasterX.AiGateway.Telemetry.GenAiJson;

namespace MasterX.AiGateway.Telemetry;

/// <summary>
/// What a request says, as attributes: <c>gen_ai.input.messages</c>, <c>gen_ai.system_instructions</c>, <c>gen_ai.tool.definitions</c>. Of
/// a long history the newest
/// messages are kept, as they are what is answered, and a system message at its beginning.
/// </summary>
internal static class GenAiRequestContent
{
    private const int MostMessages = 512;

    /// <summary>Leaves some of an attribute to the system message.</summary>
    private const int Room = BoundedJsonArray.MostCharacters / 4 * 3;

    public static void Describe(Activity activity, JsonElement request, Operation operation, BrokenAnswer? broken)
    {
        // Embeddings have no messages in the conventions.
        if (operation == Operation.Embeddings || operation == Operation.CountTokens)
        {
            return;
        }

        using (var messages = new GenAiContentWriter())
        {
            WriteInput(messages, request, operation);
            if (broken is { Text.Length: > 0 })
            {
                messages.BeginMessage("assistant");
                messages.Text(broken.Text);
                messages.EndMessage();
            }

            Set(activity, "gen_ai.input.messages", messages);
        }

        if (operation == Operation.Responses && Field(request, "instructions"u8) is { } instructions)
        {
            using var system = new GenAiContentWriter();
            GenAiResponsesContent.WriteInstructions(system, instructions);
            Set(activity, "gen_ai.system_instructions", system);
        }

        if (operation == Operation.Messages && Field(request, "system"u8) is { } words)
        {
            using var system = new GenAiContentWriter();
            GenAiMessagesContent.WriteSystem(system, words);
            Set(activity, "gen_ai.system_instructions", system);
        }

        using var tools = new GenAiContentWriter();
        if (operation == Operation.Messages)
        {
            GenAiMessagesContent.WriteTools(tools, request);
        }
        else
        {
            GenAiChatContent.WriteTools(tools, request);
        }

        Set(activity, "gen_ai.tool.definitions", tools);
    }

    private static void WriteInput(GenAiContentWriter writer, JsonElement request, Operation operation)
    {
        var isResponse = operation == Operation.Responses;
        var input = isResponse ? Field(request, "input"u8) : Field(request, "messages"u8);
        if (input is { ValueKind: JsonValueKind.Array } messages)
        {
            WriteNewest(writer, messages, isResponse ? GenAiResponsesContent.WriteItem
                : operation == Operation.Messages ? GenAiMessagesContent.WriteMessage
                : GenAiChatContent.WriteMessage);
        }
        else if (input is { } text)
        {
            writer.BeginMessage("user");
            writer.Text(TextOf(text));
            writer.EndMessage();
        }
    }

    private static void WriteNewest(GenAiContentWriter writer, JsonElement messages, Action<GenAiContentWriter, JsonElement> write)
    {
        var count = messages.GetArrayLength();
        if (count == 0)
        {
            return;
        }

        var first = FirstThatFits(messages, count);
        var system = first > 0 && Text(messages[0], "role"u8) is "system" or "developer";
        if (system)
        {
            write(writer, messages[0]);
        }

        if (first > (system ? 1 : 0))
        {
            writer.BeginMessage("user");
            writer.Text($"[cut: {first - (system ? 1 : 0)} earlier messages]");
            writer.EndMessage();
        }

        foreach (var message in messages.EnumerateArray().Skip(first))
        {
            if (writer.IsFull)
            {
                break;
            }

            write(writer, message);
        }
    }

    /// <summary>
    /// Index of the oldest message that can be taken in with all that follow it; the newest one is always taken in, cut if need be.
    /// </summary>
    private static int FirstThatFits(JsonElement messages, int count)
    {
        var oldest = Math.Max(0, count - MostMessages);
        int[] sizes =
        [
            .. messages.EnumerateArray().Skip(oldest)
                .Select(message => Math.Min(JsonMarshal.GetRawUtf8Value(message).Length, BoundedJsonArray.MostCharactersOfText)),
        ];
        var (first, size) = (sizes.Length - 1, sizes[^1]);
        while (first > 0 && size + sizes[first - 1] <= Room)
        {
            size += sizes[--first];
        }

        return oldest + first;
    }

    private static void Set(Activity activity, string name, GenAiContentWriter content)
    {
        if (!content.IsEmpty)
        {
            activity.SetTag(name, content.ToString());
        }
    }
}
