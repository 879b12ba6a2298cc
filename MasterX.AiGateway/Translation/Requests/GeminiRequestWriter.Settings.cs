using System.Globalization;
using System.Text.Json;
using MasterX.AiGateway.Translation.Vocabulary;

namespace MasterX.AiGateway.Translation.Requests;

/// <content>How the model is to answer.</content>
internal sealed partial class GeminiRequestWriter
{
    /// <summary>Before the third generation models refuse a form of the answer beside functions.</summary>
    private bool TakesFormat => _generation >= 3 || _conversation.Tools.Count == 0;

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

        if (_conversation.Format is { } format && TakesFormat)
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
