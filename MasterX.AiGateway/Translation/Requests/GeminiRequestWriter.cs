using System.Globalization;
using System.Text.Json;
using MasterX.AiGateway.Providers;
using MasterX.AiGateway.Translation.Vocabulary;

namespace MasterX.AiGateway.Translation.Requests;

/// <summary>
/// Writes a request as Gemini's <c>generateContent</c> takes it (<see href="https://ai.google.dev/api/generate-content"/>): instructions
/// become <c>systemInstruction</c>, calls <c>functionCall</c> with their thought signatures, results <c>functionResponse</c>, everything that
/// says how to answer <c>generationConfig</c>.
/// </summary>
internal sealed class GeminiRequestWriter
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

    private void WriteTools()
    {
        IReadOnlyList<ToolDefinition> tools = _conversation.Tools;
        var choice = _conversation.ToolChoice;
        if (tools.Count == 0)
        {
            if (Searches)
            {
                WriteSearch();
            }

            return;
        }

        if (choice is { Mode: ToolMode.Auto, Names.Count: > 0 })
        {
            tools = [.. tools.Where(tool => choice.Names.Contains(tool.Name))];
        }

        _json.WriteStartArray("tools");
        _json.WriteStartObject();
        _json.WriteStartArray("functionDeclarations");
        foreach (var tool in tools)
        {
            _json.WriteStartObject();
            _json.WriteString("name", tool.Name);
            if (tool.Description is { } description)
            {
                _json.WriteString("description", description);
            }

            if (tool.Parameters is { } schema)
            {
                _json.WritePropertyName("parametersJsonSchema");
                schema.WriteTo(_json);
            }

            _json.WriteEndObject();
            if (tool.CacheMark is not null)
            {
                _loss.Ignore("cache_control");
            }
        }

        _json.WriteEndArray();
        _json.WriteEndObject();
        _json.WriteEndArray();
        if (_conversation.ParallelToolCalls == false)
        {
            _loss.Ignore("parallel_tool_calls");
        }

        if (choice is null)
        {
            return;
        }

        _json.WriteStartObject("toolConfig");
        _json.WriteStartObject("functionCallingConfig");
        _json.WriteString("mode", choice.Mode switch { ToolMode.Named or ToolMode.Required => "ANY", ToolMode.None => "NONE", _ => "AUTO" });
        if (choice.Mode is ToolMode.Named or ToolMode.Required && choice.Names.Count > 0)
        {
            _json.WriteStartArray("allowedFunctionNames");
            foreach (var name in choice.Names)
            {
                _json.WriteStringValue(name);
            }

            _json.WriteEndArray();
        }

        _json.WriteEndObject();
        _json.WriteEndObject();
    }

    /// <summary>Whether the web is to be searched as Gemini does it, which keeps to no domains.</summary>
    private bool Searches => _conversation.WebSearch is { Allowed.Count: 0, Blocked.Count: 0 };

    /// <summary>
    /// <see href="https://ai.google.dev/gemini-api/docs/google-search"/>; where the user is and how often it may search it is not told.
    /// </summary>
    private void WriteSearch()
    {
        _json.WriteStartArray("tools");
        _json.WriteStartObject();
        _json.WriteStartObject("googleSearch");
        _json.WriteEndObject();
        _json.WriteEndObject();
        _json.WriteEndArray();
        Forgo(_conversation.WebSearch!.Place is not null, "tools.user_location");
        Forgo(_conversation.WebSearch.MostUses is not null, "tools.max_uses");
    }

    private void WriteConfig()
    {
        _json.WriteStartObject("generationConfig");
        Number("temperature", _conversation.Temperature);
        Number("topP", _conversation.TopP);
        Number("topK", _conversation.TopK);
        Number("candidateCount", _conversation.Choices == 1 ? null : _conversation.Choices);
        Number("seed", _conversation.Seed);
        Number("presencePenalty", _conversation.PresencePenalty);
        Number("frequencyPenalty", _conversation.FrequencyPenalty);
        Number("maxOutputTokens", _conversation.MaxTokens);
        if (_conversation.Stop.Count > 0)
        {
            _json.WriteStartArray("stopSequences");
            foreach (var stop in _conversation.Stop)
            {
                _json.WriteStringValue(stop);
            }

            _json.WriteEndArray();
        }

        if (_conversation.Format is { } format)
        {
            _json.WriteString("responseMimeType", "application/json");
            if (format.Schema is { } schema)
            {
                _json.WritePropertyName("responseJsonSchema");
                schema.WriteTo(_json);
            }
        }

        if (_conversation.Modalities.Count > 0)
        {
            _json.WriteStartArray("responseModalities");
            _json.WriteStringValue("TEXT");
            foreach (var modality in _conversation.Modalities)
            {
                _json.WriteStringValue(modality.ToUpperInvariant());
            }

            _json.WriteEndArray();
        }

        if (_conversation.TopLogProbs is > 0 and { } alternatives)
        {
            // Most models refuse them; who asks for alternatives means it.
            _json.WriteBoolean("responseLogprobs", true);
            _json.WriteNumber("logprobs", alternatives);
        }
        else if (_conversation.LogProbs)
        {
            _loss.Ignore("logprobs");
        }

        if (_conversation.Thinking is { } thinking)
        {
            if (_model.Contains("gemini-2.0", StringComparison.OrdinalIgnoreCase) || _model.Contains("gemini-1", StringComparison.OrdinalIgnoreCase))
            {
                // They do not think.
                _loss.Ignore("thinking");
            }
            else
            {
                WriteThinking(thinking);
            }
        }

        _json.WriteEndObject();
    }

    /// <summary>
    /// Levels from the third generation on, budgets before: those of Google's own OpenAI-compatible endpoint
    /// (<see href="https://ai.google.dev/gemini-api/docs/openai#thinking"/>).
    /// </summary>
    private void WriteThinking(Thinking thinking)
    {
        var isOff = thinking.Effort == "none" || thinking.Budget == 0;
        _json.WriteStartObject("thinkingConfig");
        if (_generation >= 3)
        {
            // It cannot be switched off; the least that each model has is the nearest to it.
            var least = _model.Contains("flash", StringComparison.OrdinalIgnoreCase) ? "minimal" : "low";
            _json.WriteString("thinkingLevel", isOff ? least : thinking.Effort switch
            {
                "minimal" => least,
                "low" => "low",
                "medium" => "medium",
                null when thinking.Budget is { } budget => budget <= 2048 ? "low" : budget <= 8192 ? "medium" : "high",
                _ => "high",
            });
        }
        else if ((thinking.Budget ?? BudgetOf(thinking.Effort)) is { } tokens)
        {
            _json.WriteNumber("thinkingBudget", Within(tokens));
        }

        if (!isOff && thinking.IsShown != false)
        {
            _json.WriteBoolean("includeThoughts", true);
        }

        _json.WriteEndObject();
    }

    /// <summary>What the model takes (<see href="https://ai.google.dev/gemini-api/docs/thinking#set-budget"/>).</summary>
    private int Within(int budget) =>
        _model.Contains("2.5-pro", StringComparison.OrdinalIgnoreCase) ? Math.Clamp(budget, 128, 32768)
        : _model.Contains("2.5-flash-lite", StringComparison.OrdinalIgnoreCase) ? budget <= 0 ? budget : Math.Clamp(budget, 512, 24576)
        : Math.Min(budget, 24576);

    private static int? BudgetOf(string? effort) => effort switch
    {
        "none" => 0,
        "minimal" or "low" => 1024,
        "medium" => 8192,
        "high" or "xhigh" or "max" => 24576,
        _ => null,
    };

    private void WriteRest()
    {
        foreach (var name in _conversation.Ignored)
        {
            _loss.Ignore(name);
        }

        Forgo(_conversation.User is not null, "user");
        Forgo(_conversation.Tools.Count == 0 && _conversation.ToolChoice is not null, "tool_choice");
        Forgo(_conversation.Tools.Count == 0 && _conversation.ParallelToolCalls is not null, "parallel_tool_calls");
        Forgo(_conversation.Tools.Any(tool => tool.Strict == true), "tools.strict");
        Forgo(_conversation.Turns.Any(turn => turn.Name is not null), "messages.name");
        Forgo(_conversation.Turns.Any(turn => turn.Parts.Any(part => part is ImagePart { Detail: not (null or "auto") })), "messages.image_url.detail");
        Forgo(_conversation.Turns.Any(turn => turn.Parts.Any(part => part is FilePart { Name: not null })), "messages.file.filename");

        foreach (var (name, value) in _conversation.Others)
        {
            if (name == "extra_body" && value.Field("google") is { } google)
            {
                Copy(google, "cached_content", "cachedContent");
                Copy(google, "safety_settings", "safetySettings");
                foreach (var unread in google.EnumerateObject().Where(field => field.Name is not ("thinking_config" or "cached_content" or "safety_settings")))
                {
                    _loss.Decide($"extra_body.google.{unread.Name}", unread.Value, Format);
                }
            }
            else if (name is "safety_settings" or "safetySettings")
            {
                _json.WritePropertyName("safetySettings");
                value.WriteTo(_json);
            }
            else if (name != "tools" || !Searches)
            {
                _loss.Decide(name, value, Format);
            }
        }
    }

    private void Forgo(bool isSaid, string field)
    {
        if (isSaid)
        {
            _loss.Ignore(field);
        }
    }

    private void Copy(JsonElement from, string name, string to)
    {
        if (from.Field(name) is { } value)
        {
            _json.WritePropertyName(to);
            value.WriteTo(_json);
        }
    }

    private void Number(string name, double? value)
    {
        if (value is { } number)
        {
            _json.WriteNumber(name, number);
        }
    }

    private void Number(string name, long? value)
    {
        if (value is { } number)
        {
            _json.WriteNumber(name, number);
        }
    }

    private void Number(string name, int? value) => Number(name, (long?)value);

    /// <summary><c>gemini-2.5-flash</c> is of the second; a name that does not say is taken for one of it too.</summary>
    private static int GenerationOf(string model)
    {
        var start = model.IndexOf("gemini-", StringComparison.OrdinalIgnoreCase);
        var digits = start < 0 ? "" : new string([.. model[(start + 7)..].TakeWhile(char.IsAsciiDigit)]);
        return int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var generation) ? generation : 2;
    }
}
