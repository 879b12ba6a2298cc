using System.Text.Json;

namespace MasterX.Tests.Gateway;

/// <summary>
/// The shapes of OpenTelemetry's schemas for generative AI
/// (<see href="https://github.com/open-telemetry/semantic-conventions-genai/tree/v0.1.0/model/gen-ai"/>), as far as
/// the gateway writes them: what must be there, and of which type.
/// </summary>
internal static class GenAiSchema
{
    private static readonly string[] Roles = ["system", "user", "assistant", "tool"];
    private static readonly string[] Modalities = ["image", "video", "audio", "document"];

    public static void AssertInput(JsonElement messages) => AssertMessages(messages);

    public static void AssertOutput(JsonElement messages)
    {
        AssertMessages(messages);
        Assert.All(
            messages.EnumerateArray(), message => Assert.Equal(JsonValueKind.String, message.GetProperty("finish_reason").ValueKind));
    }

    public static void AssertInstructions(JsonElement parts)
    {
        Assert.Equal(JsonValueKind.Array, parts.ValueKind);
        Assert.All(parts.EnumerateArray(), AssertPart);
    }

    public static void AssertTools(JsonElement tools)
    {
        Assert.Equal(JsonValueKind.Array, tools.ValueKind);
        Assert.All(tools.EnumerateArray(), tool =>
        {
            AssertText(tool, "type");
            AssertText(tool, "name");
            Assert.True(!tool.TryGetProperty("parameters", out var parameters) || parameters.ValueKind == JsonValueKind.Object);
        });
    }

    private static void AssertMessages(JsonElement messages)
    {
        Assert.Equal(JsonValueKind.Array, messages.ValueKind);
        Assert.All(messages.EnumerateArray(), message =>
        {
            AssertText(message, "role");
            Assert.All(message.GetProperty("parts").EnumerateArray(), AssertPart);
        });
    }

    private static void AssertPart(JsonElement part)
    {
        AssertText(part, "type");
        switch (part.GetProperty("type").GetString())
        {
            case "text" or "reasoning" or "refusal":
                AssertText(part, "content");
                break;
            case "tool_call":
                AssertText(part, "name");
                break;
            case "tool_call_response":
                Assert.True(part.TryGetProperty("response", out _));
                break;
            case "server_tool_call":
                AssertText(part, "name");
                AssertText(part.GetProperty("server_tool_call"), "type");
                break;
            case "blob":
                AssertMedia(part, "content");
                break;
            case "uri":
                AssertMedia(part, "uri");
                break;
            case "file":
                AssertMedia(part, "file_id");
                break;
        }
    }

    private static void AssertMedia(JsonElement part, string field)
    {
        Assert.Contains(part.GetProperty("modality").GetString(), Modalities);
        AssertText(part, field);
    }

    private static void AssertText(JsonElement element, string field) => Assert.Equal(
        JsonValueKind.String, element.GetProperty(field).ValueKind);

    /// <summary>Whether all roles are those the schema names, as they are of requests that are right.</summary>
    public static void AssertKnownRoles(JsonElement messages) =>
        Assert.All(messages.EnumerateArray(), message => Assert.Contains(message.GetProperty("role").GetString(), Roles));
}
