using System.Text.Json;
using MasterX.AiGateway.Providers;
using MasterX.AiGateway.Translation.Vocabulary;

namespace MasterX.AiGateway.Translation.Requests;

/// <summary>
/// Writes a request as Bedrock's Converse takes it
/// (<see href="https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html"/>). What it has no word for goes in
/// <c>additionalModelRequestFields</c>, in the words of the model's maker.
/// </summary>
internal sealed class ConverseRequestWriter
{
    public const string Format = "Bedrock's Converse format";

    private const string Additional = "additionalModelRequestFields";

    /// <summary>Fields of Converse itself that a caller may add to a request in another format.</summary>
    private static readonly HashSet<string> Own = new(StringComparer.Ordinal) { "guardrailConfig", "performanceConfig", "requestMetadata", "serviceTier" };

    private readonly Conversation _conversation;
    private readonly string _model;
    private readonly Loss _loss;
    private readonly Utf8JsonWriter _json;
    private readonly ConverseBlocks _blocks;

    private ConverseRequestWriter(Conversation conversation, string model, Loss loss, Utf8JsonWriter json)
    {
        (_conversation, _model, _loss, _json) = (conversation, model, loss, json);
        _blocks = new ConverseBlocks(TakesCacheMarks, loss, json);
    }

    private bool IsNova => Has("nova");

    /// <summary>Others refuse them; an application's own inference profile does not tell whose model it is for.</summary>
    private bool TakesCacheMarks => IsNova || Has("claude") || Has("application-inference-profile");

    /// <param name="conversation">What is to be said.</param>
    /// <param name="model">Whom it is said to.</param>
    /// <param name="loss">Told of what is left out.</param>
    /// <param name="json">Receives the request.</param>
    /// <exception cref="UntranslatableRequestException">The format has no way to say it.</exception>
    public static void Write(Conversation conversation, string model, Loss loss, Utf8JsonWriter json) =>
        new ConverseRequestWriter(TurnGroups.WithoutMadeMedia(conversation, loss), model, loss, json).Write();

    private void Write()
    {
        if (_conversation.Choices != 1)
        {
            throw new UntranslatableRequestException("Bedrock gives one answer at a time; 'n' must be 1.", "n");
        }

        if (_conversation.Modalities.Count > 0)
        {
            throw new UntranslatableRequestException($"'modalities' cannot be said in {Format}.", "modalities");
        }

        List<(Speaker Speaker, List<Part> Parts)> turns = [.. TurnGroups.OfFamily(_conversation, Signature.Bedrock, _loss)];
        _json.WriteStartObject();
        WriteTurns(turns);
        WriteLimits();
        WriteTools(turns);
        WriteFormat();
        WriteRest();
        _json.WriteEndObject();
    }

    private void WriteTurns(List<(Speaker Speaker, List<Part> Parts)> turns)
    {
        var system = TurnGroups.Instructions(_conversation, Format);
        if (_conversation.Format is { Schema: null })
        {
            // There is no field for it: Converse knows schemas alone.
            system.Add(SchemaWriting.InWords(null));
        }

        if (turns.Count == 0)
        {
            // The API wants a turn; instructions without one are what the user says.
            turns.Add((Speaker.User, system.Count > 0 ? [.. system] : throw TurnGroups.Nothing(Format)));
            system = [];
        }

        if (system.Count > 0)
        {
            _json.WriteStartArray("system");
            system.ForEach(_blocks.Write);
            _json.WriteEndArray();
        }

        _json.WriteStartArray("messages");
        foreach (var (speaker, parts) in turns)
        {
            _json.WriteStartObject();
            _json.WriteString("role", speaker == Speaker.Assistant ? "assistant" : "user");
            _json.WriteStartArray("content");
            parts.ForEach(_blocks.Write);
            _json.WriteEndArray();
            _json.WriteEndObject();
        }

        _json.WriteEndArray();
    }

    private void WriteLimits()
    {
        _json.WriteStartObject("inferenceConfig");
        if (_conversation.MaxTokens is { } most)
        {
            _json.WriteNumber("maxTokens", most);
        }

        if (_conversation.Temperature is { } temperature)
        {
            // OpenAI's temperatures go to 2, Bedrock's to 1.
            _json.WriteNumber("temperature", Math.Min(1, temperature));
        }

        if (_conversation.TopP is { } topP)
        {
            _json.WriteNumber("topP", topP);
        }

        string[] stops = [.. _conversation.Stop.Where(stop => stop.Length > 0)];
        if (stops.Length > 0)
        {
            _json.WriteStartArray("stopSequences");
            foreach (var stop in stops)
            {
                _json.WriteStringValue(stop);
            }

            _json.WriteEndArray();
        }

        _json.WriteEndObject();
        Forgo(stops.Length < _conversation.Stop.Count, "stop");
        Forgo(_conversation.Seed is not null, "seed");
        Forgo(_conversation.PresencePenalty is not (null or 0), "presence_penalty");
        Forgo(_conversation.FrequencyPenalty is not (null or 0), "frequency_penalty");
        Forgo(_conversation.LogProbs, "logprobs");
        Forgo(_conversation.TopLogProbs is > 0, "top_logprobs");
    }

    private void WriteTools(List<(Speaker Speaker, List<Part> Parts)> turns)
    {
        var (tools, choice) = (_conversation.Tools, _conversation.ToolChoice);
        ToolDefinition[] called =
        [
            .. turns.SelectMany(turn => turn.Parts).OfType<ToolCallPart>().Select(call => call.Name).Distinct().Select(name => new ToolDefinition(name, null, null)),
        ];
        Forgo(tools.Count == 0 && choice is not null, "tool_choice");
        Forgo(_conversation.ParallelToolCalls is not null, "parallel_tool_calls");
        if (choice?.Mode == ToolMode.None)
        {
            // Converse cannot forbid calls; without tools there are none, but a history with calls needs them.
            tools = tools.Count == 0 || called.Length == 0 ? [] : throw new UntranslatableRequestException(
                $"'tool_choice' cannot be none in {Format} where the history has calls. Leave the tools out, or name a model of another provider.", "tool_choice");
        }
        else if (choice is { Mode: ToolMode.Auto or ToolMode.Required, Names.Count: > 0 })
        {
            tools = [.. tools.Where(tool => choice.Names.Contains(tool.Name))];
        }

        var isHistory = tools.Count == 0;
        tools = isHistory ? called : tools;
        if (tools.Count == 0)
        {
            return;
        }

        _json.WriteStartObject("toolConfig");
        _json.WriteStartArray("tools");
        foreach (var tool in tools)
        {
            WriteTool(tool);
        }

        _json.WriteEndArray();
        if (choice is { Mode: not ToolMode.None } && !isHistory)
        {
            _json.WriteStartObject("toolChoice");
            _json.WriteStartObject(choice.Mode switch { ToolMode.Named => "tool", ToolMode.Required => "any", _ => "auto" });
            if (choice.Mode == ToolMode.Named)
            {
                _json.WriteString("name", choice.Names[0]);
            }

            _json.WriteEndObject();
            _json.WriteEndObject();
        }

        _json.WriteEndObject();
    }

    private void WriteTool(ToolDefinition tool)
    {
        _json.WriteStartObject();
        _json.WriteStartObject("toolSpec");
        _json.WriteString("name", tool.Name);
        if (!string.IsNullOrEmpty(tool.Description))
        {
            _json.WriteString("description", tool.Description);
        }

        _json.WriteStartObject("inputSchema");
        _json.WritePropertyName("json");
        if (tool.Parameters is { } schema)
        {
            SchemaWriting.WriteObjectSchema(schema, _json);
        }
        else
        {
            _json.WriteStartObject();
            _json.WriteString("type", "object");
            _json.WriteStartObject("properties");
            _json.WriteEndObject();
            _json.WriteEndObject();
        }

        _json.WriteEndObject();
        if (tool.Strict == true)
        {
            _json.WriteBoolean("strict", true);
        }

        _json.WriteEndObject();
        _json.WriteEndObject();
        _blocks.WriteMark(tool.CacheMark);
    }

    /// <summary>The schema is a text there.</summary>
    private void WriteFormat()
    {
        if (_conversation.Format is not { Schema: { } schema } format)
        {
            return;
        }

        _json.WriteStartObject("outputConfig");
        _json.WriteStartObject("textFormat");
        _json.WriteString("type", "json_schema");
        _json.WriteStartObject("structure");
        _json.WriteStartObject("jsonSchema");
        _json.WriteString("schema", schema.GetRawText());
        if (format.Name is { } name)
        {
            _json.WriteString("name", name);
        }

        if (format.Description is { } description)
        {
            _json.WriteString("description", description);
        }

        _json.WriteEndObject();
        _json.WriteEndObject();
        _json.WriteEndObject();
        _json.WriteEndObject();
    }

    private void WriteRest()
    {
        foreach (var name in _conversation.Ignored)
        {
            _loss.Ignore(name);
        }

        Forgo(_conversation.User is not null, "user");
        Forgo(_conversation.Turns.Any(turn => turn.Name is not null), "messages.name");
        Forgo(_conversation.Turns.Any(turn => turn.Parts.Any(part => part is ImagePart { Detail: not (null or "auto") })), "messages.image_url.detail");
        JsonElement? additional = null;
        foreach (var (name, value) in _conversation.Others)
        {
            if (name == Additional && value.ValueKind == JsonValueKind.Object)
            {
                additional = value;
            }
            else if (Own.Contains(name))
            {
                _json.WritePropertyName(name);
                value.WriteTo(_json);
            }
            else if (name == "extra_body")
            {
                // Says what it is for by its own members; Bedrock's are none of them.
                _loss.Ignore(name);
            }
            else
            {
                _loss.Decide(name, value, Format);
            }
        }

        WriteAdditional(additional);
    }

    /// <summary>
    /// How much to think, and <c>top_k</c>, where the maker of the model has a word for it
    /// (<see href="https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters.html"/>); the caller's own fields count more.
    /// </summary>
    private void WriteAdditional(JsonElement? said)
    {
        var effort = _conversation.Thinking is { } asked && asked.Effort != "none" && asked.Budget != 0 ? EffortOf(asked) : null;
        var (isOss, isNova2) = (Has("gpt-oss"), Has("nova-2"));
        Forgo(effort is not null && !isOss && !isNova2, "reasoning_effort");
        Forgo(_conversation.TopK is not null && !IsNova, "top_k");
        List<(string Name, Action Write)> fields = [];
        if (effort is not null && isOss)
        {
            fields.Add(("reasoning_effort", () => _json.WriteStringValue(effort)));
        }

        if (effort is not null && isNova2)
        {
            fields.Add(("reasoningConfig", () => WriteObject(() =>
            {
                _json.WriteString("type", "enabled");
                _json.WriteString("maxReasoningEffort", effort);
            })));
        }

        if (_conversation.TopK is { } topK && IsNova)
        {
            fields.Add(("inferenceConfig", () => WriteObject(() => _json.WriteNumber("topK", topK))));
        }

        fields.RemoveAll(field => said?.Field(field.Name) is not null);
        if (fields.Count == 0 && said is null)
        {
            return;
        }

        _json.WriteStartObject(Additional);
        foreach (var (name, write) in fields)
        {
            _json.WritePropertyName(name);
            write();
        }

        foreach (var field in said?.EnumerateObject() ?? default)
        {
            field.WriteTo(_json);
        }

        _json.WriteEndObject();
    }

    private static string EffortOf(Thinking asked) => asked.Effort switch
    {
        "minimal" or "low" => "low",
        "medium" => "medium",
        null when asked.Budget is { } budget => budget <= 2048 ? "low" : budget <= 8192 ? "medium" : "high",
        _ => "high",
    };

    private void WriteObject(Action write)
    {
        _json.WriteStartObject();
        write();
        _json.WriteEndObject();
    }

    private bool Has(string name) => _model.Contains(name, StringComparison.OrdinalIgnoreCase);

    private void Forgo(bool isSaid, string field)
    {
        if (isSaid)
        {
            _loss.Ignore(field);
        }
    }
}
