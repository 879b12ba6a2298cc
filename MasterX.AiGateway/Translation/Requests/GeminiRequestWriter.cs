using System.Text.Json;
using MasterX.AiGateway.Providers;
using MasterX.AiGateway.Translation.Vocabulary;

namespace MasterX.AiGateway.Translation.Requests;

/// <summary>
/// Writes a request as Gemini's <c>generateContent</c> takes it (<see href="https://ai.google.dev/api/generate-content"/>): instructions
/// become <c>systemInstruction</c>, calls <c>functionCall</c> with their thought signatures, results <c>functionResponse</c>, everything that
/// says how to answer <c>generationConfig</c>.
/// </summary>
internal sealed partial class GeminiRequestWriter
{
    private const string Format = "Gemini's format";

    /// <summary>
    /// Stands for a signature that is not to be had, as of a history another provider has made
    /// (<see href="https://ai.google.dev/gemini-api/docs/thought-signatures#faqs"/>).
    /// </summary>
    private const string NoSignature = "skip_thought_signature_validator";

    private readonly Conversation _conversation;
    private readonly string _model;
    private readonly Loss _loss;
    private readonly Utf8JsonWriter _json;

    /// <summary>Whether the model is of the third generation or later, or not known.</summary>
    private readonly int _generation;

    private GeminiRequestWriter(Conversation conversation, string model, Loss loss, Utf8JsonWriter json)
    {
        (_conversation, _model, _loss, _json) = (conversation, model, loss, json);
        _generation = GenerationOf(model);
    }

    /// <param name="conversation">What is to be said.</param>
    /// <param name="model">Whom it is said to.</param>
    /// <param name="loss">Told of what is left out.</param>
    /// <param name="json">Receives the request.</param>
    /// <exception cref="UntranslatableRequestException">The format has no way to say it.</exception>
    public static void Write(Conversation conversation, string model, Loss loss, Utf8JsonWriter json) =>
        new GeminiRequestWriter(conversation, model, loss, json).Write();

    private void Write()
    {
        List<(Speaker Speaker, List<Part> Parts)> turns = [.. TurnGroups.Of(_conversation, part => part is not (ThinkingPart or HiddenThinkingPart) || !IsIgnoredThought(part))];
        var system = TurnGroups.Instructions(_conversation, Format);
        if (_conversation.Format is { } form && !TakesFormat)
        {
            system.Add(SchemaWriting.InWords(form.Schema));
        }

        if (turns.Count == 0)
        {
            // The API wants a turn; instructions without one are what the user says.
            turns.Add((Speaker.User, system.Count > 0 ? [.. system] : throw TurnGroups.Nothing(Format)));
            system = [];
        }

        _json.WriteStartObject();
        if (system.Count > 0)
        {
            _json.WriteStartObject("systemInstruction");
            _json.WriteStartArray("parts");
            foreach (var text in system)
            {
                WritePart(text);
            }

            _json.WriteEndArray();
            _json.WriteEndObject();
        }

        _json.WriteStartArray("contents");
        foreach (var (speaker, parts) in turns)
        {
            WriteTurn(speaker, parts);
        }

        _json.WriteEndArray();
        WriteTools();
        WriteConfig();
        WriteRest();
        _json.WriteEndObject();
    }

    private void WriteTurn(Speaker speaker, List<Part> parts)
    {
        // Other formats have the signature of a text with a thought behind it.
        for (var at = parts.Count - 1; at > 0; at--)
        {
            if (parts[at].Signature is { Family: Signature.GeminiText } mark && parts[at - 1] is TextPart)
            {
                parts[at - 1] = parts[at - 1] with { Signature = new Signature(Signature.Gemini, mark.Value) };
                parts.RemoveAt(at);
            }
        }

        _json.WriteStartObject();
        _json.WriteString("role", speaker == Speaker.Assistant ? "model" : "user");
        _json.WriteStartArray("parts");
        var (isSigned, pending) = (false, (Signature?)null);
        foreach (var part in parts)
        {
            switch (part)
            {
                case ThinkingPart or HiddenThinkingPart:
                    // Other formats have the signature with the thought before the call or text it belongs to.
                    pending = part.Signature;
                    break;
                case ToolCallPart call:
                    var signature = Own(call.Signature) ?? Own(pending) ?? (isSigned || _generation < 3 ? null : NoSignature);
                    (isSigned, pending) = (true, null);
                    WriteCall(call, signature);
                    break;
                case ToolResultPart result:
                    WriteResult(result);
                    break;
                default:
                    WritePart(pending is null || part.Signature is not null ? part : part with { Signature = pending });
                    pending = null;
                    break;
            }
        }

        if (Own(pending) is { } last)
        {
            // As Gemini itself gives one that comes behind everything.
            WriteText("", last);
        }

        _json.WriteEndArray();
        _json.WriteEndObject();
    }

    /// <summary>A thought is not sent back itself; what Gemini wants of it is its signature.</summary>
    private bool IsIgnoredThought(Part part)
    {
        if (part.Signature?.Family is Signature.Gemini or Signature.GeminiText)
        {
            return false;
        }

        _loss.Ignore("messages.reasoning");
        return true;
    }

    private static string? Own(Signature? signature) => signature is { Family: Signature.Gemini or Signature.GeminiText } own ? own.Value : null;

    private void WriteCall(ToolCallPart call, string? signature)
    {
        _json.WriteStartObject();
        _json.WriteStartObject("functionCall");
        if (_generation >= 3)
        {
            _json.WriteString("id", call.Id);
        }

        _json.WriteString("name", call.Name);
        _json.WritePropertyName("args");
        ToolArguments.WriteObject(call.Arguments, "arguments", _json);
        _json.WriteEndObject();
        if (signature is not null)
        {
            _json.WriteString("thoughtSignature", signature);
        }

        _json.WriteEndObject();
    }

    private void WriteResult(ToolResultPart result)
    {
        var name = result.Name ?? throw new UntranslatableRequestException($"No tool call before it has the id '{result.CallId}' of a tool message.", "messages");
        List<Part> media = [.. result.Content.Where(part => part is not TextPart)];
        _json.WriteStartObject();
        _json.WriteStartObject("functionResponse");
        if (_generation >= 3)
        {
            _json.WriteString("id", result.CallId);
        }

        _json.WriteString("name", name);
        _json.WritePropertyName("response");
        ToolArguments.WriteObject(string.Concat(result.Content.OfType<TextPart>().Select(text => text.Text)), result.IsError ? "error" : "result", _json);
        if (media.Count > 0 && _generation >= 3)
        {
            // https://ai.google.dev/gemini-api/docs/function-calling#multimodal
            _json.WriteStartArray("parts");
            media.ForEach(WritePart);
            _json.WriteEndArray();
        }

        _json.WriteEndObject();
        _json.WriteEndObject();
        if (_generation < 3)
        {
            media.ForEach(WritePart);
        }
    }

    private void WritePart(Part part)
    {
        if (part.CacheMark is not null)
        {
            // It caches by itself what is repeated.
            _loss.Ignore("cache_control");
        }

        switch (part)
        {
            case TextPart text:
                WriteText(text.Text, Own(text.Signature));
                break;
            case RefusalPart refusal:
                WriteText(refusal.Text, null);
                break;
            case ImagePart image:
                WriteMedia(image.Media, "image/png", Own(image.Signature));
                break;
            case FilePart file:
                WriteMedia(file.Media, null, null);
                break;
            case AudioPart audio:
                WriteMedia(audio.Media, null, null);
                break;
            case VideoPart video:
                WriteMedia(video.Media, null, null);
                break;
            default:
                throw new UntranslatableRequestException($"A content part of type '{PartNames.Of(part)}' cannot be said in {Format} here.", "messages");
        }
    }

    private void WriteText(string text, string? signature)
    {
        _json.WriteStartObject();
        _json.WriteString("text", text);
        if (signature is not null)
        {
            _json.WriteString("thoughtSignature", signature);
        }

        _json.WriteEndObject();
    }

    private void WriteMedia(Media media, string? usualType, string? signature)
    {
        if (media.FileId is { } id && !Uri.IsWellFormedUriString(id, UriKind.Absolute))
        {
            throw new UntranslatableRequestException($"The file '{id}' is kept by another provider; Gemini takes files by their bytes or their address.", "messages");
        }

        _json.WriteStartObject();
        if (media.Base64.IsEmpty)
        {
            _json.WriteStartObject("fileData");
            if (media.MediaType is { } known)
            {
                _json.WriteString("mimeType", known);
            }

            _json.WriteString("fileUri", media.Url ?? media.FileId);
        }
        else
        {
            _json.WriteStartObject("inlineData");
            _json.WriteString("mimeType", media.MediaType ?? usualType ?? throw new UntranslatableRequestException("A file has neither a media type nor a name that tells it.", "messages"));
            _json.WriteString("data", media.Base64.Span);
        }

        _json.WriteEndObject();
        if (signature is not null)
        {
            _json.WriteString("thoughtSignature", signature);
        }

        _json.WriteEndObject();
    }
}
