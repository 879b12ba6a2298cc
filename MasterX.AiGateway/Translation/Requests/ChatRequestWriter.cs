using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using MasterX.AiGateway.Providers;
using MasterX.AiGateway.Translation.Vocabulary;

namespace MasterX.AiGateway.Translation.Requests;

/// <summary>
/// Writes a chat completion request (<see href="https://platform.openai.com/docs/api-reference/chat/create"/>), for callers who speak another
/// format than a provider that is compatible with OpenAI's.
/// </summary>
internal sealed class ChatRequestWriter
{
    private const string Format = "the chat completions format";

    private readonly Conversation _conversation;
    private readonly ChatDialect _dialect;
    private readonly Loss _loss;
    private readonly Utf8JsonWriter _json;

    private ChatRequestWriter(Conversation conversation, ChatDialect dialect, Loss loss, Utf8JsonWriter json) =>
        (_conversation, _dialect, _loss, _json) = (conversation, dialect, loss, json);

    /// <param name="conversation">What is to be said.</param>
    /// <param name="dialect">To whom, and how it takes it.</param>
    /// <param name="loss">Told of what is left out.</param>
    /// <param name="json">Receives the request.</param>
    /// <exception cref="UntranslatableRequestException">The format has no way to say it.</exception>
    public static void Write(Conversation conversation, ChatDialect dialect, Loss loss, Utf8JsonWriter json) =>
        new ChatRequestWriter(TurnGroups.WithoutMadeMedia(conversation, loss), dialect, loss, json).Write();

    private void Write()
    {
        _json.WriteStartObject();
        _json.WriteString("model", _dialect.Model);
        _json.WriteStartArray("messages");
        var turns = Merged();
        foreach (var turn in turns)
        {
            WriteTurn(turn, isBegun: _conversation.Continuation == Continuation.Prefix && turn == turns[^1]);
        }

        _json.WriteEndArray();
        if (_conversation.Continuation == Continuation.ContinueFinalMessage)
        {
            _json.WriteBoolean("continue_final_message", true);
            _json.WriteBoolean("add_generation_prompt", false);
        }

        WriteTools();
        WriteHow();
        WriteRest();
        _json.WriteEndObject();
    }

    /// <summary>Items of one side, as responses give them one by one, are one message here.</summary>
    private List<Turn> Merged()
    {
        List<Turn> merged = [];
        foreach (var turn in _conversation.Turns.Where(turn => turn.Parts.Count > 0))
        {
            if (turn.Speaker == Speaker.Assistant && merged is [.., { Speaker: Speaker.Assistant } last])
            {
                merged[^1] = last with { Parts = [.. last.Parts, .. turn.Parts] };
            }
            else
            {
                merged.Add(turn);
            }
        }

        return merged.Count > 0 ? merged : throw TurnGroups.Nothing(Format);
    }

    /// <param name="turn">What one side said.</param>
    /// <param name="isBegun">Whether the model is to go on with it.</param>
    private void WriteTurn(Turn turn, bool isBegun)
    {
        foreach (var result in turn.Parts.OfType<ToolResultPart>())
        {
            WriteResult(result);
        }

        List<Part> parts = [.. turn.Parts.Where(part => part is not ToolResultPart)];

        // Results of tools are texts; what else they hold is said by the user behind them.
        parts.InsertRange(0, turn.Parts.OfType<ToolResultPart>().SelectMany(result => result.Content.Where(part => part is not TextPart)));
        if (turn.Speaker == Speaker.Assistant)
        {
            WriteAnswer(parts, isBegun);
        }
        else if (parts.Count > 0)
        {
            _json.WriteStartObject();
            _json.WriteString("role", turn.Speaker == Speaker.User ? "user" : "system");
            WriteContent(parts);
            _json.WriteEndObject();
        }
    }

    private void WriteResult(ToolResultPart result)
    {
        var text = string.Concat(result.Content.OfType<TextPart>().Select(part => part.Text));
        _json.WriteStartObject();
        _json.WriteString("role", "tool");
        _json.WriteString("tool_call_id", _dialect.CallIds.Of(result.CallId));
        _json.WriteString("content", result.IsError ? $"Error: {text}" : text);
        _json.WriteEndObject();
    }

    private void WriteAnswer(List<Part> parts, bool isBegun)
    {
        var text = string.Concat(parts.Select(part => part switch { TextPart said => said.Text, RefusalPart refusal => refusal.Text, _ => null }));
        if (parts.Find(part => part is not (TextPart or RefusalPart or ThinkingPart or HiddenThinkingPart or ToolCallPart)) is { } other)
        {
            throw new UntranslatableRequestException($"An assistant's turn cannot hold a part of type '{PartNames.Of(other)}' in {Format}.", "messages");
        }

        List<ToolCallPart> calls = [.. parts.OfType<ToolCallPart>()];
        if (text.Length == 0 && calls.Count == 0)
        {
            if (parts.Exists(part => part is ThinkingPart or HiddenThinkingPart))
            {
                _loss.Ignore("messages.thinking");
            }

            return;
        }

        _json.WriteStartObject();
        _json.WriteString("role", "assistant");
        _json.WriteString("content", text.Length == 0 ? null : text);
        if (isBegun)
        {
            _json.WriteBoolean("prefix", true);
        }

        if (!ChatThoughts.Write(parts, _dialect, _json))
        {
            _loss.Ignore("messages.thinking");
        }

        if (calls.Count > 0)
        {
            _json.WriteStartArray("tool_calls");
            foreach (var call in calls)
            {
                _json.WriteStartObject();
                _json.WriteString("id", _dialect.CallIds.Of(call.Id));
                _json.WriteString("type", "function");
                _json.WriteStartObject("function");
                _json.WriteString("name", call.Name);
                _json.WriteString("arguments", call.Arguments);
                _json.WriteEndObject();
                if ((call.Signature ?? SignatureBefore(parts, call)) is { Family: Signature.Gemini } signature && _dialect.TakesGoogleSignatures)
                {
                    Answers.ChatFormat.WriteGoogleSignature(signature, _json);
                }

                _json.WriteEndObject();
            }

            _json.WriteEndArray();
        }

        _json.WriteEndObject();
    }

    /// <summary>Of the thought right before a call, where other formats have the call's.</summary>
    private static Signature? SignatureBefore(List<Part> parts, ToolCallPart call) =>
        parts.IndexOf(call) is > 0 and var at && parts[at - 1] is ThinkingPart or HiddenThinkingPart ? parts[at - 1].Signature : null;

    private void WriteContent(List<Part> parts)
    {
        if (parts.Exists(part => part.CacheMark is not null))
        {
            // These providers cache by themselves what is repeated.
            _loss.Ignore("cache_control");
        }

        if (parts.TrueForAll(part => part is TextPart))
        {
            _json.WriteString("content", string.Join("\n\n", parts.Select(part => ((TextPart)part).Text).Where(text => text.Length > 0)));
            return;
        }

        _json.WriteStartArray("content");
        foreach (var part in parts)
        {
            ChatParts.Write(part, _json);
        }

        _json.WriteEndArray();
    }

    private void WriteTools()
    {
        var choice = _conversation.ToolChoice;
        if (_conversation.Tools.Count == 0)
        {
            return;
        }

        _json.WriteStartArray("tools");
        foreach (var tool in _conversation.Tools.Where(tool => choice is not { Mode: not ToolMode.Named, Names.Count: > 0 } || choice.Names.Contains(tool.Name)))
        {
            _json.WriteStartObject();
            _json.WriteString("type", "function");
            _json.WriteStartObject("function");
            _json.WriteString("name", tool.Name);
            if (tool.Description is { } description)
            {
                _json.WriteString("description", description);
            }

            if (tool.Parameters is { } schema)
            {
                _json.WritePropertyName("parameters");
                SchemaWriting.WriteObjectSchema(schema, _json);
            }

            if (tool.Strict is { } strict)
            {
                _json.WriteBoolean("strict", strict);
            }

            _json.WriteEndObject();
            _json.WriteEndObject();
            if (tool.CacheMark is not null)
            {
                _loss.Ignore("cache_control");
            }
        }

        _json.WriteEndArray();
        if (choice is { Mode: ToolMode.Named })
        {
            _json.WriteStartObject("tool_choice");
            _json.WriteString("type", "function");
            _json.WriteStartObject("function");
            _json.WriteString("name", choice.Names[0]);
            _json.WriteEndObject();
            _json.WriteEndObject();
        }
        else if (choice is not null)
        {
            _json.WriteString("tool_choice", choice.Mode switch { ToolMode.Required => "required", ToolMode.None => "none", _ => "auto" });
        }

        if (_conversation.ParallelToolCalls is { } parallel)
        {
            _json.WriteBoolean("parallel_tool_calls", parallel);
        }
    }

    private void WriteHow()
    {
        if (_conversation.MaxTokens is { } limit)
        {
            _json.WriteNumber(_dialect.TakesMaxCompletionTokens ? "max_completion_tokens" : "max_tokens", limit);
        }

        Number("temperature", _conversation.Temperature);
        Number("top_p", _conversation.TopP);
        Number("presence_penalty", _conversation.PresencePenalty);
        Number("frequency_penalty", _conversation.FrequencyPenalty);
        if (_conversation.TopK is not null)
        {
            _loss.Ignore("top_k");
        }

        if (_conversation.Seed is { } seed)
        {
            _json.WriteNumber(_dialect.IsMistral ? "random_seed" : "seed", seed);
        }

        if (_conversation.Choices != 1)
        {
            _json.WriteNumber("n", _conversation.Choices);
        }

        if (_dialect.IsMistral && (_conversation.LogProbs || _conversation.TopLogProbs is not null))
        {
            _loss.Ignore("logprobs");
        }
        else if (_conversation.LogProbs)
        {
            _json.WriteBoolean("logprobs", true);
        }

        if (_conversation.TopLogProbs is { } alternatives && !_dialect.IsMistral)
        {
            _json.WriteNumber("top_logprobs", alternatives);
        }

        if (_conversation.Stop.Count > 0)
        {
            _json.WriteStartArray("stop");
            foreach (var stop in _conversation.Stop)
            {
                _json.WriteStringValue(stop);
            }

            _json.WriteEndArray();
        }

        WriteFormat();
        if (_conversation.Thinking is { } thinking && !ChatEffort.Write(thinking, _dialect, _json))
        {
            _loss.Ignore("thinking");
        }

        if (_conversation.Stream)
        {
            _json.WriteBoolean("stream", true);
            if (_dialect.TellsUsageOfStreams)
            {
                _json.WriteStartObject("stream_options");
                _json.WriteBoolean("include_usage", true);
                _json.WriteEndObject();
            }
        }
    }

    private void WriteFormat()
    {
        if (_conversation.Format is not { } format)
        {
            return;
        }

        _json.WriteStartObject("response_format");
        _json.WriteString("type", format.Schema is null ? "json_object" : "json_schema");
        if (format.Schema is { } schema)
        {
            _json.WriteStartObject("json_schema");
            _json.WriteString("name", format.Name ?? "answer");
            if (format.Description is { } description)
            {
                _json.WriteString("description", description);
            }

            if (format.Strict is { } strict)
            {
                _json.WriteBoolean("strict", strict);
            }

            _json.WritePropertyName("schema");
            schema.WriteTo(_json);
            _json.WriteEndObject();
        }

        _json.WriteEndObject();
    }

    private void WriteRest()
    {
        if (_dialect.IsMistral && _conversation.User is not null)
        {
            _loss.Ignore("user");
        }
        else if (_conversation.User is { } user)
        {
            // OpenAI takes 64 characters, others a few more; agents send longer ones.
            _json.WriteString("user", user.Length <= 64 ? user : Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(user))));
        }

        foreach (var name in _conversation.Ignored)
        {
            _loss.Ignore(name);
        }

        foreach (var (name, value) in _conversation.Others)
        {
            if (name is "prompt_cache_key" or "safety_identifier" && _dialect.IsOpenAi)
            {
                _json.WritePropertyName(name);
                value.WriteTo(_json);
            }
            else
            {
                _loss.Decide(name, value, Format);
            }
        }
    }

    private void Number(string name, double? value)
    {
        if (value is { } number)
        {
            _json.WriteNumber(name, number);
        }
    }
}
