using System.Text.Json;
using MasterX.AiGateway.Providers;
using MasterX.AiGateway.Streaming;
using MasterX.AiGateway.Translation.Answers;

namespace MasterX.AiGateway.Requests;

/// <summary>A streamed answer that broke off, for another model to go on with.</summary>
/// <param name="Text">What of it was said, but for white space at its end; empty where that is nothing, and the request is asked as it is.</param>
/// <param name="Joint">The white space behind it, which the caller has; the model that goes on may begin with it again.</param>
/// <param name="Writer">Has written the caller's stream so far, and goes on with it.</param>
internal sealed record BrokenAnswer(string Text, string Joint, AnswerStreamWriter Writer)
{
    /// <summary>The request that asks for the rest.</summary>
    /// <param name="request">The caller's.</param>
    /// <param name="frames">The stream that broke off.</param>
    /// <returns>It lends the bytes of <paramref name="request"/>. <see langword="null"/> when nobody could go on.</returns>
    public static ModelRequest? GoOn(ModelRequest request, StreamFrames frames)
    {
        if (frames is not { Partial: { CanResume: true } partial, WriterSoFar: { } writer } || request.HasPreviousResponse || IsOfAForm(request))
        {
            return null;
        }

        var text = partial.Text;
        var said = text.TrimEnd();
        return request with { Broken = new BrokenAnswer(said, text[said.Length..], writer) };
    }

    /// <summary>How a model is asked to go on: none can be given its beginning and think first.</summary>
    public static Continuation HowTo(Continuation usual, bool thinks) => usual == Continuation.Prefill && thinks ? Continuation.Ask : usual;

    /// <summary>Whether a raw request asks for thinking.</summary>
    public static bool AsksToThink(JsonElement request) =>
        (Member(request, "thinking") is { ValueKind: JsonValueKind.Object } thinking && !Is(Member(thinking, "type"), "\"disabled\""))
        || (Member(request, "reasoning_effort") is { ValueKind: JsonValueKind.String } effort && !Is(effort, "\"none\""));

    /// <summary>Whether the answer has to be of some form as a whole, which a second part of it would be once more.</summary>
    private static bool IsOfAForm(ModelRequest request)
    {
        try
        {
            using var document = JsonDocument.Parse(request.Body.Memory);
            var root = document.RootElement;
            return IsForm(Member(root, "response_format")) || IsForm(Member(Member(root, "text"), "format")) || IsForm(Member(root, "output_format"))
                || IsForm(Member(Member(root, "output_config"), "format"));
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            // Names that are no text: what the answer has to be nobody knows.
            return true;
        }

        static bool IsForm(JsonElement? format) => Member(format, "type") is { } type && !Is(type, "\"text\"");
    }

    private static JsonElement? Member(JsonElement? holder, string name) =>
        holder is { ValueKind: JsonValueKind.Object } some && some.TryGetProperty(name, out var member) ? member : null;

    /// <summary>Compared as it came: half a character is no text to compare with.</summary>
    private static bool Is(JsonElement? value, string json) => value?.GetRawText() == json;
}
