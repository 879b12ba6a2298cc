using System.Text.Json;
using MasterX.AiGateway.Providers;
using MasterX.AiGateway.Translation.Vocabulary;
using static MasterX.AiGateway.Translation.JsonFields;

namespace MasterX.AiGateway.Translation.Requests;

/// <summary>
/// Reads a chat completion request (<see href="https://platform.openai.com/docs/api-reference/chat/create"/>), with what others have made
/// customary in it: <c>reasoning_details</c> (OpenRouter), <c>thinking_blocks</c> (LiteLLM), <c>cache_control</c> on parts,
/// <c>extra_content</c> (Google).
/// </summary>
internal static class ChatRequestReader
{
    /// <summary>The format of a detail that does not say it: the first there was.</summary>
    private const string Claude = "anthropic-claude-v1";

    /// <summary>Members of a message that repeat an answer's own remarks, and mean nothing to a model.</summary>
    private static readonly HashSet<string> Echoes = new(StringComparer.Ordinal)
    {
        "annotations", "provider_specific_fields", "id", "index", "metadata", "finish_reason", "created", "model", "object", "logprobs", "parsed", "citations", "status",
    };

    /// <param name="root">The request.</param>
    /// <param name="dropped">Fields at the top that are to be passed over.</param>
    /// <exception cref="UntranslatableRequestException">Something in it is of another type than the format has there, or of an unknown kind.</exception>
    public static Conversation Read(JsonElement root, IReadOnlySet<string> dropped) => new State(dropped).Read(root);

    private sealed class State(IReadOnlySet<string> dropped)
    {
        private readonly List<Turn> _turns = [];
        private readonly List<ToolDefinition> _tools = [];
        private readonly List<KeyValuePair<string, JsonElement>> _others = [];
        private readonly List<string> _ignored = [];
        private readonly Dictionary<string, string> _calls = new(StringComparer.Ordinal);
        private ToolChoice? _choice;
        private Thinking? _thinking;
        private string? _lastLegacyCall;
        private int _legacyCalls;

        public Conversation Read(JsonElement root)
        {
            long? maxTokens = null, maxCompletionTokens = null;
            long? seed = null;
            double? temperature = null, topP = null, presence = null, frequency = null;
            int? topK = null, topLogProbs = null;
            var (choices, stream, logProbs) = (1, false, false);
            bool? parallel = null;
            IReadOnlyList<string> stop = [], modalities = [];
            AnswerFormat? format = null;
            string? user = null;
            foreach (var field in Fields(root))
            {
                var (name, value) = (field.Name, field.Value);
                if (value.ValueKind == JsonValueKind.Null || dropped.Contains(name))
                {
                    continue;
                }

                switch (name)
                {
                    case "model":
                        break;
                    case "messages":
                        foreach (var message in ArrayOf(value, name))
                        {
                            ReadMessage(ObjectOf(message, name));
                        }

                        break;
                    case "stream": stream = TruthOf(value, name); break;
                    case "tools":
                        foreach (var tool in ArrayOf(value, name))
                        {
                            _tools.Add(ChatTools.Read(tool, _ignored));
                        }

                        break;
                    case "functions":
                        foreach (var function in ArrayOf(value, name))
                        {
                            _tools.Add(ChatTools.ReadFunction(function, name, null, _ignored));
                        }

                        break;
                    case "tool_choice" or "function_call": _choice = ChatTools.ReadChoice(value, name); break;
                    case "parallel_tool_calls": parallel = TruthOf(value, name); break;
                    case "max_tokens": maxTokens = LimitOf(value, name); break;
                    case "max_completion_tokens": maxCompletionTokens = LimitOf(value, name); break;
                    case "temperature": temperature = NumberOf(value, name); break;
                    case "top_p": topP = NumberOf(value, name); break;
                    case "top_k": topK = SmallOf(value, name); break;
                    case "n": choices = SmallOf(value, name) is > 0 and var wanted ? wanted : throw Wrong(name, "a whole number above 0"); break;
                    case "stop": stop = ReadStop(value); break;
                    case "seed": seed = WholeOf(value, name); break;
                    case "presence_penalty": presence = NumberOf(value, name); break;
                    case "frequency_penalty": frequency = NumberOf(value, name); break;
                    case "logprobs": logProbs = TruthOf(value, name); break;
                    case "top_logprobs": topLogProbs = SmallOf(value, name); break;
                    case "response_format": format = ReadFormat(value); break;
                    case "reasoning_effort": _thinking = new Thinking(TextOf(value, name), _thinking?.Budget, _thinking?.IsShown); break;
                    case "reasoning" or "thinking": ReadThinking(value, name); break;
                    case "modalities": modalities = [.. ArrayOf(value, name).Select(one => TextOf(one, name)).Where(one => one != "text")]; break;
                    case "user": user = TextOf(value, name); break;
                    case "extra_body" when value.Field("google")?.Field("thinking_config") is { } config: ReadGoogleThinking(config); _others.Add(new(name, value)); break;
                    default: _others.Add(new(name, value)); break;
                }
            }

            return new Conversation
            {
                Turns = _turns, Tools = _tools, ToolChoice = _choice, ParallelToolCalls = parallel, MaxTokens = maxCompletionTokens ?? maxTokens, Stop = stop,
                Choices = choices, Temperature = temperature, TopP = topP, TopK = topK, Seed = seed, PresencePenalty = presence, FrequencyPenalty = frequency,
                LogProbs = logProbs, TopLogProbs = topLogProbs, Format = format, Thinking = _thinking, Modalities = modalities, User = user,
                Others = _others, Ignored = _ignored, Stream = stream,
            };
        }

        private void ReadMessage(JsonElement message)
        {
            var role = RequiredText(message, "role", "messages");
            List<Part> parts = [];
            switch (role)
            {
                case "system" or "developer":
                    ReadContent(message, parts);
                    Add(new Turn(Speaker.Instructions, parts, message.Text("name")), message);
                    break;
                case "user":
                    ReadContent(message, parts);
                    Add(new Turn(Speaker.User, parts, message.Text("name")), message);
                    break;
                case "tool" or "function":
                    ReadContent(message, parts);
                    Add(new Turn(Speaker.User, [Result(message, role, parts)]), message);
                    break;
                case "assistant":
                    ReadThoughts(message, parts);
                    ReadContent(message, parts);
                    ReadAnswer(message, parts);
                    Add(new Turn(Speaker.Assistant, parts, message.Text("name")), message);
                    break;
                default:
                    throw new UntranslatableRequestException($"The role '{role}' of a message is not known.", "messages");
            }
        }

        /// <summary>Adds a turn, once nothing in the message is left that would be lost.</summary>
        private void Add(Turn turn, JsonElement message)
        {
            foreach (var field in message.EnumerateObject())
            {
                if (field.Value.ValueKind == JsonValueKind.Null || field.Name is "role" or "content" or "name" or "tool_call_id" or "tool_calls" or "function_call"
                    or "refusal" or "reasoning_content" or "reasoning" or "reasoning_details" or "thinking_blocks" or "extra_content" or "images" or "audio" or "cache_control" or "is_error")
                {
                    continue;
                }

                if (Echoes.Contains(field.Name) || field.Value is { ValueKind: JsonValueKind.Array } array && array.GetArrayLength() == 0)
                {
                    _ignored.Add($"messages.{field.Name}");
                    continue;
                }

                throw new UntranslatableRequestException($"A message's '{field.Name}' cannot be said in another provider's format.", "messages");
            }

            if (message.Field("cache_control") is { } mark && turn.Parts is [.., { } last])
            {
                turn = turn with { Parts = [.. turn.Parts.SkipLast(1), last with { CacheMark = ReadCacheMark(mark) }] };
            }

            _turns.Add(turn);
        }

        private ToolResultPart Result(JsonElement message, string role, List<Part> parts)
        {
            if (role == "function")
            {
                var name = RequiredText(message, "name", "messages");
                return new ToolResultPart(_lastLegacyCall ?? throw new UntranslatableRequestException($"No call of the function '{name}' stands before its result.", "messages"), name, parts);
            }

            var id = RequiredText(message, "tool_call_id", "messages");
            return new ToolResultPart(id, _calls.GetValueOrDefault(id) ?? message.Text("name"), parts, message.IsTrue("is_error"));
        }

        private static void ReadThoughts(JsonElement message, List<Part> parts)
        {
            var before = parts.Count;
            foreach (var detail in message.Elements("reasoning_details"))
            {
                switch (detail.Text("type"))
                {
                    case "reasoning.text" when detail.Text("signature") is { Length: > 0 } signature:
                        parts.Add(new ThinkingPart(detail.Text("text") ?? "") { Signature = Signature.OfDetail(detail.Text("format") ?? Claude, detail.Text("id"), signature) });
                        break;
                    case "reasoning.encrypted" when detail.Text("data") is { } data:
                        parts.Add(new HiddenThinkingPart { Signature = Signature.OfDetail(detail.Text("format") ?? Claude, detail.Text("id"), data) });
                        break;
                    case "reasoning.text" or "reasoning.summary":
                        parts.Add(new ThinkingPart(detail.Text("text") ?? detail.Text("summary") ?? ""));
                        break;
                }
            }

            foreach (var block in parts.Count > before ? [] : message.Elements("thinking_blocks"))
            {
                if (block.Text("type") == "redacted_thinking")
                {
                    parts.Add(new HiddenThinkingPart { Signature = new Signature(Signature.Anthropic, block.Text("data") ?? "") });
                }
                else
                {
                    parts.Add(new ThinkingPart(block.Text("thinking") ?? "") { Signature = block.Text("signature") is { } signature ? new(Signature.Anthropic, signature) : null });
                }
            }

            if (parts.Count == before && (message.Text("reasoning_content") ?? message.Text("reasoning")) is { Length: > 0 } thought)
            {
                parts.Add(new ThinkingPart(thought));
            }
        }

        /// <summary>What stands beside an assistant's text: its refusal, its calls, images it made.</summary>
        private void ReadAnswer(JsonElement message, List<Part> parts)
        {
            if (message.Text("refusal") is { Length: > 0 } refusal)
            {
                parts.Add(new RefusalPart(refusal));
            }

            foreach (var image in message.Elements("images"))
            {
                parts.Add(ReadImage(image, "messages"));
            }

            if (message.Field("audio") is { } sound)
            {
                ReadSound(sound, parts);
            }

            if (GoogleSignature(message) is { } sign && parts.FindLastIndex(part => part is TextPart) is >= 0 and { } text)
            {
                parts[text] = parts[text] with { Signature = sign };
            }

            if (message.Field("function_call") is { } legacy)
            {
                _lastLegacyCall = $"call_legacy_{_legacyCalls++}";
                parts.Add(new ToolCallPart(_lastLegacyCall, RequiredText(legacy, "name", "messages"), Arguments(legacy)));
            }

            if (message.Field("tool_calls") is { } calls)
            {
                foreach (var call in ArrayOf(calls, "messages"))
                {
                    if ((call.Field("function") ?? call.Field("custom")) is not { } function)
                    {
                        throw new UntranslatableRequestException($"A tool call of type '{call.Text("type")}' cannot be said in another provider's format; only calls of functions and custom tools can.", "messages");
                    }

                    var (id, name) = (RequiredText(call, "id", "messages"), RequiredText(function, "name", "messages"));

                    // Of a name that is given twice, the last one is meant by what follows.
                    _calls[id] = name;
                    parts.Add(new ToolCallPart(id, name, call.Field("function") is null ? FreeformTool.Arguments(function.Text("input") ?? "") : Arguments(function)) { Signature = GoogleSignature(call) });
                }
            }
        }

        /// <summary>Its words, where it has them, and its bytes; of one that is only named, nothing is kept here.</summary>
        private void ReadSound(JsonElement sound, List<Part> parts)
        {
            if (sound.Text("transcript") is { Length: > 0 } words && !parts.Exists(part => part is TextPart { Text.Length: > 0 }))
            {
                parts.Add(new TextPart(words));
            }

            if (sound.Text("data") is { Length: > 0 } bytes)
            {
                parts.Add(new AudioPart(MediaReading.OfBytes(bytes, "audio/pcm")));
            }
            else
            {
                _ignored.Add("messages.audio");
            }
        }

        private static string Arguments(JsonElement function) => function.Field("arguments") switch
        {
            null => "{}",
            { ValueKind: JsonValueKind.String } text => text.GetString() is { } given && !string.IsNullOrWhiteSpace(given) ? given : "{}",
            { } written => written.GetRawText(),
        };

        private static Signature? GoogleSignature(JsonElement holder) =>
            holder.Field("extra_content")?.Field("google")?.Text("thought_signature") is { Length: > 0 } value ? new(Signature.Gemini, value) : null;

        private static void ReadContent(JsonElement message, List<Part> parts)
        {
            if (message.Field("content") is not { } content)
            {
                return;
            }

            if (content.ValueKind == JsonValueKind.String)
            {
                parts.Add(new TextPart(content.GetString()!));
                return;
            }

            if (content.ValueKind != JsonValueKind.Array)
            {
                throw new UntranslatableRequestException("The content of a message must be a string or an array of parts.", "messages");
            }

            foreach (var part in content.EnumerateArray())
            {
                var read = ReadPart(part);
                parts.Add(part.Field("cache_control") is { } mark ? read with { CacheMark = ReadCacheMark(mark) } : read);
            }
        }

        private static Part ReadPart(JsonElement part)
        {
            const string Where = "messages";
            if (part.ValueKind == JsonValueKind.String)
            {
                return new TextPart(part.GetString()!);
            }

            switch (part.Text("type"))
            {
                case "text":
                    return new TextPart(RequiredText(part, "text", Where)) { Signature = GoogleSignature(part) };
                case "image_url":
                    return ReadImage(part, Where);
                case "input_audio" when part.Field("input_audio") is { } audio:
                    return new AudioPart(MediaReading.OfBase64(RequiredText(audio, "data", Where), MediaReading.TypeOfName(audio.Text("format")) ?? $"audio/{audio.Text("format") ?? "wav"}"));
                case "video_url" when part.Field("video_url") is { } video:
                    return new VideoPart(MediaReading.OfUrl(video.ValueKind == JsonValueKind.String ? video.GetString()! : RequiredText(video, "url", Where), Where));
                case "file" when part.Field("file") is { } file:
                    return ReadFile(file, Where);
                case "refusal":
                    return new RefusalPart(RequiredText(part, "refusal", Where));
                case "thinking":
                    return new ThinkingPart(part.Text("thinking") ?? "") { Signature = part.Text("signature") is { } signature ? new(Signature.Anthropic, signature) : null };
                case "redacted_thinking":
                    return new HiddenThinkingPart { Signature = new Signature(Signature.Anthropic, part.Text("data") ?? "") };
                case var other:
                    throw new UntranslatableRequestException($"A content part of type '{other}' cannot be said in another provider's format.", Where);
            }
        }

        private static ImagePart ReadImage(JsonElement part, string where)
        {
            var image = part.Field("image_url") ?? throw Wrong(where, "an array whose parts of type 'image_url' have an 'image_url'");
            return image.ValueKind == JsonValueKind.String
                ? new ImagePart(MediaReading.OfUrl(image.GetString()!, where), part.Text("detail"))
                : new ImagePart(MediaReading.OfUrl(RequiredText(image, "url", where), where), image.Text("detail"));
        }

        private static FilePart ReadFile(JsonElement file, string where)
        {
            var name = file.Text("filename");
            if (file.Text("file_id") is { } id)
            {
                return new FilePart(new Media(MediaReading.TypeOfName(name), FileId: id), name);
            }

            var data = file.Text("file_data") ?? file.Text("file_url") ?? throw Wrong(where, "an array whose parts of type 'file' have 'file_data' or 'file_id'");
            var isAddress = data.StartsWith("data:", StringComparison.OrdinalIgnoreCase) || data.StartsWith("http", StringComparison.OrdinalIgnoreCase) || data.StartsWith("gs:", StringComparison.Ordinal);
            return new FilePart(isAddress ? MediaReading.OfUrl(data, where, name) : MediaReading.OfBase64(data, MediaReading.TypeOfName(name)), name);
        }

        private static IReadOnlyList<string> ReadStop(JsonElement stop) => stop.ValueKind == JsonValueKind.String
            ? [stop.GetString()!]
            : [.. ArrayOf(stop, "stop").Select(one => TextOf(one, "stop"))];

        private static AnswerFormat? ReadFormat(JsonElement format)
        {
            const string Where = "response_format";
            switch (RequiredText(format, "type", Where))
            {
                case "text":
                    return null;
                case "json_object":
                    return new AnswerFormat(null);
                case "json_schema" when format.Field("json_schema") is { } schema:
                    return new AnswerFormat(
                        schema.Field("schema") is { } given ? ObjectOf(given, Where) : null, schema.Text("name"), schema.Text("description"),
                        schema.Field("strict") is { } strict ? TruthOf(strict, Where) : null);
                case var other:
                    throw new UntranslatableRequestException($"A response format of type '{other}' cannot be said in another provider's format.", Where);
            }
        }

        /// <summary>OpenRouter's <c>reasoning</c>, or Anthropic's <c>thinking</c> in an OpenAI client's extra body.</summary>
        private void ReadThinking(JsonElement given, string where)
        {
            ObjectOf(given, where);
            if (where == "thinking")
            {
                _thinking = AnthropicThinking.Read(given, _thinking?.Effort);
                return;
            }

            var effort = given.Text("effort") ?? _thinking?.Effort ?? (given.Field("enabled") is { ValueKind: JsonValueKind.False } ? "none" : null);
            var budget = given.Field("max_tokens") is { } most ? SmallOf(most, where) : _thinking?.Budget;
            _thinking = new Thinking(effort, budget, given.Field("exclude") is { } exclude ? !TruthOf(exclude, where) : _thinking?.IsShown);
        }

        private void ReadGoogleThinking(JsonElement config)
        {
            const string Where = "extra_body";
            _thinking = new Thinking(
                (config.Text("thinking_level") ?? _thinking?.Effort)?.ToLowerInvariant(),
                config.Field("thinking_budget") is { } budget ? SmallOf(budget, Where) : _thinking?.Budget,
                config.Field("include_thoughts") is { } shown ? TruthOf(shown, Where) : _thinking?.IsShown);
        }

        private static CacheMark ReadCacheMark(JsonElement mark) => new(mark.Text("ttl"));
    }
}
