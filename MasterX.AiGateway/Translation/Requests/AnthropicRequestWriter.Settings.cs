using System.Text.RegularExpressions;
using MasterX.AiGateway.Translation.Vocabulary;

namespace MasterX.AiGateway.Translation.Requests;

/// <content>How the model is to answer.</content>
internal sealed partial class AnthropicRequestWriter
{
    /// <summary>How much the model is to think, as far as the API lets it here; what it does not is told.</summary>
    private Thinking? ThinkingFor(List<(Speaker Speaker, List<Part> Parts)> turns)
    {
        if (_conversation.Thinking is not { } asked || asked.Effort == "none" || asked.Budget == 0)
        {
            return null;
        }

        var way = AnthropicThinking.WayOf(_model);
        var isForced = _conversation.ToolChoice?.Mode is ToolMode.Required or ToolMode.Named;

        // A loop of calls goes on with the thoughts it began with, or without any: https://docs.anthropic.com/en/docs/build-with-claude/extended-thinking#preserving-thinking-blocks
        var isLost = way == AnthropicThinking.Way.Budget && turns is [.., (Speaker.Assistant, var called), (Speaker.User, [ToolResultPart, ..])]
            && !(called[0] is ThinkingPart or HiddenThinkingPart && called[0].Signature?.Family == Signature.Anthropic);
        if (way == AnthropicThinking.Way.None || isForced || isLost)
        {
            _loss.Ignore("reasoning_effort");
            return null;
        }

        return asked;
    }

    private void WriteOutput(Thinking? thinking)
    {
        var isAdaptive = AnthropicThinking.WayOf(_model) == AnthropicThinking.Way.Adaptive;
        if (thinking is not null)
        {
            _json.WriteStartObject("thinking");
            _json.WriteString("type", isAdaptive ? "adaptive" : "enabled");
            if (!isAdaptive)
            {
                _json.WriteNumber("budget_tokens", AnthropicThinking.BudgetOf(thinking));
            }
            else if (thinking.IsShown == true)
            {
                _json.WriteString("display", "summarized");
            }

            _json.WriteEndObject();
        }

        var effort = thinking is not null && isAdaptive;
        var schema = _conversation.Format?.Schema;
        if (!effort && schema is null)
        {
            return;
        }

        _json.WriteStartObject("output_config");
        if (effort)
        {
            _json.WriteString("effort", AnthropicThinking.EffortOf(thinking!, _model));
        }

        if (schema is { } given)
        {
            _json.WriteStartObject("format");
            _json.WriteString("type", "json_schema");
            _json.WritePropertyName("schema");
            given.WriteTo(_json);
            _json.WriteEndObject();
        }

        _json.WriteEndObject();
    }

    /// <param name="isTaken">A model that thinks takes no other values than its own, and the newest take none at all.</param>
    private void WriteSampling(bool isTaken)
    {
        if (!isTaken)
        {
            Forgo(_conversation.Temperature is not (null or 1), "temperature");
            Forgo(_conversation.TopP is not (null or >= 0.95), "top_p");
            Forgo(_conversation.TopK is not null, "top_k");
        }
        else
        {
            if (_conversation.Temperature is { } temperature)
            {
                // OpenAI's temperatures go to 2, Anthropic's to 1.
                _json.WriteNumber("temperature", Math.Min(1, temperature));
            }

            // Newer models refuse the two together.
            if (_conversation.TopP is { } topP && _conversation.Temperature is null)
            {
                _json.WriteNumber("top_p", topP);
            }

            Forgo(_conversation is { TopP: not (null or 1), Temperature: not null }, "top_p");
            if (_conversation.TopK is { } topK)
            {
                _json.WriteNumber("top_k", topK);
            }
        }

        string[] stops = [.. _conversation.Stop.Where(stop => !string.IsNullOrWhiteSpace(stop))];
        if (stops.Length > 0)
        {
            _json.WriteStartArray("stop_sequences");
            foreach (var stop in stops)
            {
                _json.WriteStringValue(stop);
            }

            _json.WriteEndArray();
        }

        Forgo(stops.Length < _conversation.Stop.Count, "stop");
        Forgo(_conversation.Seed is not null, "seed");
        Forgo(_conversation.PresencePenalty is not (null or 0), "presence_penalty");
        Forgo(_conversation.FrequencyPenalty is not (null or 0), "frequency_penalty");
        Forgo(_conversation.LogProbs, "logprobs");
        Forgo(_conversation.TopLogProbs is > 0, "top_logprobs");
        Forgo(_conversation.Tools.Count == 0 && _conversation.ToolChoice is not null, "tool_choice");
        Forgo(_conversation.Tools.Count == 0 && _conversation.ParallelToolCalls is not null, "parallel_tool_calls");
        Forgo(_conversation.Turns.Any(turn => turn.Name is not null), "messages.name");
        Forgo(_conversation.Turns.Any(turn => turn.Parts.Any(part => part is ImagePart { Detail: not (null or "auto") })), "messages.image_url.detail");
    }

    private void WriteRest()
    {
        if (_conversation.User is { } user && !MayBePersonal().IsMatch(user))
        {
            _json.WriteStartObject("metadata");
            _json.WriteString("user_id", user);
            _json.WriteEndObject();
        }
        else
        {
            // The API refuses what looks like an address or a telephone number.
            Forgo(_conversation.User is not null, "user");
        }

        foreach (var name in _conversation.Ignored)
        {
            _loss.Ignore(name);
        }

        foreach (var (name, value) in _conversation.Others)
        {
            if (name == "extra_body")
            {
                // Says what it is for by its own members; Anthropic's are none of them.
                _loss.Ignore(name);
            }
            else if (name != "tools" || _conversation.WebSearch is null)
            {
                _loss.Decide(name, value, Format);
            }
        }

        if (_conversation.Stream)
        {
            _json.WriteBoolean("stream", true);
        }
    }

    private void Forgo(bool isSaid, string field)
    {
        if (isSaid)
        {
            _loss.Ignore(field);
        }
    }

    [GeneratedRegex(@"@|^\+?[\d\s().-]{7,}$", RegexOptions.CultureInvariant)]
    private static partial Regex MayBePersonal();
}
