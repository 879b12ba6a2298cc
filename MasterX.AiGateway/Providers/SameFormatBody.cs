using System.Buffers;
using System.Runtime.InteropServices;
using System.Text.Encodings.Web;
using System.Text.Json;
using MasterX.AiGateway.Requests;
using MasterX.AiGateway.Routing;

namespace MasterX.AiGateway.Providers;

/// <summary>
/// A request for a provider that speaks the caller's format: byte for byte as it came, but for the value of <c>model</c>, the fields a
/// provider is known to refuse, a wish of the gateway's own, and an answer to be gone on with.
/// </summary>
internal static class SameFormatBody
{
    /// <param name="request">The caller's request.</param>
    /// <param name="candidate">Who is asked, and for which model.</param>
    /// <param name="wish">A field to be added, <c>"name":value</c>; empty for none.</param>
    /// <param name="scratch">Receives the body when it is not the caller's own.</param>
    /// <param name="replaced">The caller's own field that the wish stands for; <see langword="null"/> for none.</param>
    /// <returns><paramref name="scratch"/>, or the request's own body where it can be sent as it is.</returns>
    public static PooledBuffer Write(ModelRequest request, Candidate candidate, ReadOnlySpan<byte> wish, PooledBuffer scratch, string? replaced = null)
    {
        if (candidate.Provider.DropFields.Count > 0 || request.HasDuplicates || replaced is not null || request.Broken is { Text.Length: > 0 })
        {
            return WriteFields(
                request, candidate, [.. "\"model\":"u8, .. candidate.ModelJson.Span, .. wish.IsEmpty ? [] : ","u8, .. wish], scratch, candidate.Provider.DropFields,
                "model", replaced);
        }

        var body = request.Body.Span;
        var (start, length) = request.ModelValue.GetOffsetAndLength(body.Length);
        if (wish.IsEmpty && length > 0 && body.Slice(start, length).SequenceEqual(candidate.ModelJson.Span))
        {
            return request.Body;
        }

        // What is added stands first: the object is known to be valid and, as it has messages or an input, not empty.
        var brace = body.IndexOf((byte)'{') + 1;
        scratch.Write(body[..brace]);
        if (!wish.IsEmpty)
        {
            scratch.Write(wish);
            scratch.Write(","u8);
        }

        if (length == 0)
        {
            scratch.Write("\"model\":"u8);
            scratch.Write(candidate.ModelJson.Span);
            scratch.Write(","u8);
            scratch.Write(body[brace..]);
        }
        else
        {
            scratch.Write(body[brace..start]);
            scratch.Write(candidate.ModelJson.Span);
            scratch.Write(body[(start + length)..]);
        }

        return scratch;
    }

    /// <summary>Field by field, each once as it came: of one that is there several times, the last.</summary>
    /// <param name="request">The caller's request.</param>
    /// <param name="candidate">Who is asked.</param>
    /// <param name="first">Fields of the gateway's own, with commas between them.</param>
    /// <param name="scratch">Receives the body.</param>
    /// <param name="dropped">Fields the provider refuses.</param>
    /// <param name="replaced">Fields that are said elsewhere.</param>
    /// <returns><paramref name="scratch"/>.</returns>
    public static PooledBuffer WriteFields(
        ModelRequest request, Candidate candidate, ReadOnlySpan<byte> first, PooledBuffer scratch, IReadOnlySet<string> dropped, params ReadOnlySpan<string?> replaced)
    {
        using var document = JsonDocument.Parse(request.Body.Memory);
        scratch.Write("{"u8);
        scratch.Write(first);
        var how = request.Broken is { Text.Length: > 0 } ? BrokenAnswer.HowTo(candidate.Continuation, BrokenAnswer.AsksToThink(document.RootElement)) : (Continuation?)null;
        if (how == Continuation.ContinueFinalMessage)
        {
            scratch.Write(",\"continue_final_message\":true,\"add_generation_prompt\":false"u8);
        }

        Dictionary<string, int> times = [];
        foreach (var field in request.HasDuplicates ? document.RootElement.EnumerateObject() : default)
        {
            times[field.Name] = times.GetValueOrDefault(field.Name) + 1;
        }

        foreach (var field in document.RootElement.EnumerateObject())
        {
            var isLast = !request.HasDuplicates || --times[field.Name] == 0;
            var isOurs = how == Continuation.ContinueFinalMessage && field.Name is "continue_final_message" or "add_generation_prompt";
            if (isLast && !isOurs && !dropped.Contains(field.Name) && !replaced.Contains(field.Name))
            {
                scratch.Write(",\""u8);
                scratch.Write(JsonMarshal.GetRawUtf8PropertyName(field));
                scratch.Write("\":"u8);
                var value = JsonMarshal.GetRawUtf8Value(field.Value);
                if (how is null || !field.NameEquals("messages"u8))
                {
                    scratch.Write(value);
                    continue;
                }

                scratch.Write(value[..^1]);
                WriteBegun(request.Broken!.Text, request.ResumePrompt, how.Value, scratch);
                scratch.Write("]"u8);
            }
        }

        scratch.Write("}"u8);
        return scratch;
    }

    /// <summary>The answer so far, behind other messages; chat completions and Anthropic's messages have it alike.</summary>
    private static void WriteBegun(string begun, string prompt, Continuation how, PooledBuffer scratch)
    {
        scratch.Write(",{\"role\":\"assistant\",\"content\":\""u8);
        scratch.Write(JsonEncodedText.Encode(begun, JavaScriptEncoder.UnsafeRelaxedJsonEscaping).EncodedUtf8Bytes);
        scratch.Write(how == Continuation.Prefix ? "\",\"prefix\":true}"u8 : "\"}"u8);
        if (how == Continuation.Ask)
        {
            scratch.Write(",{\"role\":\"user\",\"content\":\""u8);
            scratch.Write(JsonEncodedText.Encode(prompt, JavaScriptEncoder.UnsafeRelaxedJsonEscaping).EncodedUtf8Bytes);
            scratch.Write("\"}"u8);
        }
    }
}
