using MasterX.AiGateway.Translation.Vocabulary;

namespace MasterX.AiGateway.Translation.Requests;

/// <summary>What callers call the kinds of parts.</summary>
internal static class PartNames
{
    public static string Of(Part part) => part switch
    {
        ImagePart => "image",
        AudioPart => "input_audio",
        VideoPart => "video_url",
        FilePart => "file",
        ToolCallPart => "tool_call",
        ToolResultPart => "tool_result",
        ThinkingPart or HiddenThinkingPart => "thinking",
        RefusalPart => "refusal",
        _ => "text",
    };
}
