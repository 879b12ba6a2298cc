namespace MasterX.Api.Ai;

/// <summary>Why an answer ended, in one set of names whatever the format it came in: OpenAI's for chat completions.</summary>
internal static class FinishReason
{
    public const string Length = "length", ContentFilter = "content_filter";

    private const int Longest = 64;

    /// <param name="reason">As the gateway has it, in whichever of its formats.</param>
    /// <returns><see langword="null"/> where nothing was said.</returns>
    public static string? Of(string? reason) => reason switch
    {
        null or "" => null,
        "end_turn" or "stop_sequence" or "completed" => "stop",
        "max_tokens" or "max_output_tokens" or "model_context_window_exceeded" => Length,
        "tool_use" or "function_call" => "tool_calls",
        "refusal" => ContentFilter,
        { Length: > Longest } => reason[..Longest],
        _ => reason,
    };
}
