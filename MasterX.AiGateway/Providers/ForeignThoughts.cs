using System.Text.Json.Nodes;
using MasterX.AiGateway.Requests;
using MasterX.AiGateway.Translation.Vocabulary;

namespace MasterX.AiGateway.Providers;

/// <summary>
/// Thoughts in a history that another provider has thought, where the bytes pass as they are otherwise: their signatures mean nothing to the one
/// that is asked now, which refuses them. They stand in the fields that callers of the format send back as they got them: a thinking block's
/// <c>signature</c>, a hidden one's <c>data</c>, a reasoning item's <c>encrypted_content</c>.
/// </summary>
internal static class ForeignThoughts
{
    private static ReadOnlySpan<byte> Unsigned => "\"signature\":\"\""u8;

    /// <summary>Whether there may be some: asked of every request that passes, and rarely answered with yes.</summary>
    private static bool MayBeIn(ModelRequest request) =>
        (request.Operation == Operation.Messages && (request.Body.Span.IndexOf(Signature.PrefixUtf8) >= 0 || request.Body.Span.IndexOf(Unsigned) >= 0))
        || (request.Operation == Operation.Responses && request.Body.Span.IndexOf(Signature.PrefixUtf8) >= 0);

    /// <summary>The same request without them.</summary>
    /// <returns>A request of its own, with bytes of its own; <see langword="null"/> where there are none.</returns>
    public static ModelRequest? Without(ModelRequest request)
    {
        if (!MayBeIn(request))
        {
            return null;
        }

        var root = JsonNode.Parse(request.Body.Span)!.AsObject();
        var found = false;
        if (request.Operation == Operation.Messages)
        {
            // A turn of nothing else goes too: none may be empty, and neighbours of one side are one.
            root["messages"]?.AsArray().RemoveAll(message =>
            {
                if (message is not JsonObject || message["content"] is not JsonArray blocks || blocks.RemoveAll(block => block is JsonObject thought && IsForeign(thought)) == 0)
                {
                    return false;
                }

                found = true;
                return blocks.Count == 0;
            });
        }
        else if (root["input"] is JsonArray items)
        {
            found = items.RemoveAll(item => item is JsonObject thought && IsForeign(thought)) > 0;
        }

        if (!found)
        {
            return null;
        }

        if (root["messages"] is JsonArray { Count: 0 })
        {
            throw new UntranslatableRequestException("The messages hold nothing but thoughts of another provider's model, which this one does not take.", "messages");
        }

        return request.With(root);
    }

    private static bool IsForeign(JsonObject thought) => Text(thought, "type") switch
    {
        "thinking" => Text(thought, "signature") is null or "" || IsMarked(thought, "signature"),
        "redacted_thinking" => IsMarked(thought, "data"),
        "reasoning" => IsMarked(thought, "encrypted_content"),
        _ => false,
    };

    private static bool IsMarked(JsonObject thought, string field) => Text(thought, field)?.StartsWith(Signature.Prefix, StringComparison.Ordinal) == true;

    private static string? Text(JsonObject holder, string field) => holder[field] is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;
}
