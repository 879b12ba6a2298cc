using System.Text;
using System.Text.Json;
using MasterX.AiGateway.Providers;
using MasterX.AiGateway.Translation.Vocabulary;

namespace MasterX.AiGateway.Translation.Requests;

/// <summary>
/// Writes a request as Anthropic's Messages API takes it (<see href="https://docs.anthropic.com/en/api/messages"/>): instructions become
/// <c>system</c>, results of tools blocks of a user's turn, thoughts go back with their signatures.
/// </summary>
internal sealed partial class AnthropicRequestWriter
{
    private const string Format = "Anthropic's format";

    private readonly Conversation _conversation;
    private readonly string _model;
    private readonly Loss _loss;
    private readonly Utf8JsonWriter _json;
    private readonly string? _hostVersion;

    private AnthropicRequestWriter(Conversation conversation, string model, Loss loss, Utf8JsonWriter json, string? hostVersion) =>
        (_conversation, _model, _loss, _json, _hostVersion) = (conversation, model, loss, json, hostVersion);

    /// <param name="conversation">What is to be said.</param>
    /// <param name="model">Whom it is said to.</param>
    /// <param name="loss">Told of what is left out.</param>
    /// <param name="json">Receives the request.</param>
    /// <param name="hostVersion">
    /// <c>anthropic_version</c> of a cloud that has Anthropic's models, and the model in its address; <see langword="null"/> for Anthropic's
    /// own API.
    /// </param>
    /// <exception cref="UntranslatableRequestException">The format has no way to say it.</exception>
    public static void Write(Conversation conversation, string model, Loss loss, Utf8JsonWriter json, string? hostVersion = null) =>
        new AnthropicRequestWriter(TurnGroups.WithoutMadeMedia(conversation, loss), model, loss, json, hostVersion).Write();

    private void Write()
    {
        if (_conversation.Choices != 1)
        {
            throw new UntranslatableRequestException("Anthropic gives one answer at a time; 'n' must be 1.", "n");
        }

        if (_conversation.Modalities.Count > 0)
        {
            throw new UntranslatableRequestException("Anthropic's models answer in text alone; 'modalities' cannot name anything else.", "modalities");
        }

        List<(Speaker Speaker, List<Part> Parts)> turns = [.. TurnGroups.OfFamily(_conversation, Signature.Anthropic, _loss)];
        var thinking = ThinkingFor(turns);
        _json.WriteStartObject();
        _json.WriteString(_hostVersion is null ? "model" : "anthropic_version", _hostVersion ?? _model);
        var limit = _conversation.MaxTokens ?? AnthropicThinking.MaxTokensOf(_model);
        _json.WriteNumber("max_tokens", thinking is { } told && AnthropicThinking.WayOf(_model) == AnthropicThinking.Way.Budget
            ? Math.Max(limit, AnthropicThinking.BudgetOf(told) + (_conversation.MaxTokens is { } own ? Math.Min(own, limit) : 1024))
            : limit);
        WriteTurns(turns);
        WriteTools(turns);
        WriteOutput(thinking);
        WriteSampling(thinking is null && AnthropicThinking.TakesSampling(_model));
        WriteRest();
        _json.WriteEndObject();
    }

    private void WriteTurns(List<(Speaker Speaker, List<Part> Parts)> turns)
    {
        var system = TurnGroups.Instructions(_conversation, Format);
        if (_conversation.Format is { Schema: null })
        {
            // There is no field for it: https://docs.anthropic.com/en/docs/build-with-claude/structured-outputs is about schemas.
            system.Add(SchemaWriting.InWords(null));
        }

        if (turns.Count == 0)
        {
            // The API wants a turn; instructions without one are what the user says.
            turns.Add((Speaker.User, system.Count > 0 ? [.. system] : throw TurnGroups.Nothing(Format)));
            system = [];
        }

        if (system.Any(text => text.CacheMark is not null))
        {
            _json.WriteStartArray("system");
            foreach (var text in system)
            {
                WriteText(text, text.Text);
            }

            _json.WriteEndArray();
        }
        else if (system.Count > 0)
        {
            _json.WriteString("system", string.Join("\n\n", system.Select(text => text.Text)));
        }

        _json.WriteStartArray("messages");
        for (var i = 0; i < turns.Count; i++)
        {
            var (speaker, parts) = turns[i];
            _json.WriteStartObject();
            _json.WriteString("role", speaker == Speaker.Assistant ? "assistant" : "user");
            _json.WriteStartArray("content");
            for (var at = 0; at < parts.Count; at++)
            {
                // The beginning of an answer must not end in white space.
                var isEnd = i == turns.Count - 1 && at == parts.Count - 1 && speaker == Speaker.Assistant;
                WriteBlock(parts[at], isEnd);
            }

            _json.WriteEndArray();
            _json.WriteEndObject();
        }

        _json.WriteEndArray();
    }

    private void WriteBlock(Part part, bool isEnd)
    {
        switch (part)
        {
            case TextPart text:
                WriteText(text, isEnd ? text.Text.TrimEnd() : text.Text);
                break;
            case RefusalPart refusal:
                WriteText(refusal, refusal.Text);
                break;
            case ThinkingPart { Signature: { Family: Signature.Anthropic } signature } thought:
                _json.WriteStartObject();
                _json.WriteString("type", "thinking");
                _json.WriteString("thinking", thought.Text);
                _json.WriteString("signature", signature.Value);
                _json.WriteEndObject();
                break;
            case HiddenThinkingPart { Signature: { Family: Signature.Anthropic } data }:
                _json.WriteStartObject();
                _json.WriteString("type", "redacted_thinking");
                _json.WriteString("data", data.Value);
                _json.WriteEndObject();
                break;
            case ImagePart image:
                WriteMedia("image", image, image.Media);
                break;
            case FilePart file:
                WriteDocument(file);
                break;
            case ToolCallPart call:
                _json.WriteStartObject();
                _json.WriteString("type", "tool_use");
                _json.WriteString("id", CallIds.Anthropic.Of(call.Id));
                _json.WriteString("name", call.Name);
                _json.WritePropertyName("input");
                ToolArguments.WriteObject(call.Arguments, "arguments", _json);
                WriteMark(call);
                _json.WriteEndObject();
                break;
            case ToolResultPart result:
                WriteResult(result);
                break;
            default:
                throw new UntranslatableRequestException($"A content part of type '{PartNames.Of(part)}' cannot be said in {Format}.", "messages");
        }
    }

    private void WriteText(Part part, string text)
    {
        if (string.IsNullOrWhiteSpace(text))
        {
            return;
        }

        _json.WriteStartObject();
        _json.WriteString("type", "text");
        _json.WriteString("text", text);
        WriteMark(part);
        _json.WriteEndObject();
    }

    private void WriteMark(Part part) => WriteMark(part.CacheMark);

    private void WriteMark(CacheMark? mark)
    {
        if (mark is null)
        {
            return;
        }

        _json.WriteStartObject("cache_control");
        _json.WriteString("type", "ephemeral");
        if (mark.TimeToLive is { } time)
        {
            _json.WriteString("ttl", time);
        }

        _json.WriteEndObject();
    }

    private void WriteResult(ToolResultPart result)
    {
        _json.WriteStartObject();
        _json.WriteString("type", "tool_result");
        _json.WriteString("tool_use_id", CallIds.Anthropic.Of(result.CallId));
        if (result.Content.All(part => part is TextPart { CacheMark: null }))
        {
            _json.WriteString("content", string.Concat(result.Content.Select(part => ((TextPart)part).Text)));
        }
        else
        {
            _json.WriteStartArray("content");
            foreach (var part in result.Content)
            {
                WriteBlock(part, isEnd: false);
            }

            _json.WriteEndArray();
        }

        if (result.IsError)
        {
            _json.WriteBoolean("is_error", true);
        }

        WriteMark(result);
        _json.WriteEndObject();
    }

    private void WriteMedia(string type, Part part, Media media)
    {
        if (_hostVersion is not null && media.Base64.IsEmpty)
        {
            // https://docs.claude.com/en/docs/build-with-claude/vision: the clouds that host the models fetch nothing and keep no files.
            throw new UntranslatableRequestException("Anthropic's models in a cloud take images and files as bytes only: data:image/png;base64,…", "messages");
        }

        _json.WriteStartObject();
        _json.WriteString("type", type);
        _json.WriteStartObject("source");
        if (media.FileId is { } id)
        {
            _json.WriteString("type", "file");
            _json.WriteString("file_id", id);
        }
        else if (media.Url is { } url)
        {
            _json.WriteString("type", "url");
            _json.WriteString("url", url);
        }
        else
        {
            _json.WriteString("type", "base64");
            _json.WriteString("media_type", media.MediaType ?? "image/png");
            _json.WriteString("data", media.Base64.Span);
        }

        _json.WriteEndObject();
        if (part is FilePart { Name: { } name })
        {
            _json.WriteString("title", name);
        }

        WriteMark(part);
        _json.WriteEndObject();
    }

    /// <summary>PDFs by their bytes, plain texts as texts (<see href="https://docs.anthropic.com/en/docs/build-with-claude/pdf-support"/>).</summary>
    private void WriteDocument(FilePart file)
    {
        var type = file.Media.MediaType;
        if (type is not null && type.StartsWith("image/", StringComparison.Ordinal))
        {
            WriteMedia("image", file with { Name = null }, file.Media);
        }
        else if (file.Media.Base64.IsEmpty || type == "application/pdf")
        {
            WriteMedia("document", file, file.Media);
        }
        else if (type is not null && (type.StartsWith("text/", StringComparison.Ordinal) || type == "application/json"))
        {
            _json.WriteStartObject();
            _json.WriteString("type", "document");
            _json.WriteStartObject("source");
            _json.WriteString("type", "text");
            _json.WriteString("media_type", "text/plain");
            _json.WriteString("data", TextOf(file.Media.Base64.Span));
            _json.WriteEndObject();
            if (file.Name is { } name)
            {
                _json.WriteString("title", name);
            }

            WriteMark(file);
            _json.WriteEndObject();
        }
        else
        {
            throw new UntranslatableRequestException($"A file of type '{type ?? "unknown"}' cannot be said in {Format}; PDF and text can.", "messages");
        }
    }

    private static string TextOf(ReadOnlySpan<char> base64)
    {
        var bytes = new byte[base64.Length];
        return Convert.TryFromBase64Chars(base64, bytes, out var length)
            ? Encoding.UTF8.GetString(bytes, 0, length)
            : throw new UntranslatableRequestException("A file's data is not valid base64.", "messages");
    }
}
