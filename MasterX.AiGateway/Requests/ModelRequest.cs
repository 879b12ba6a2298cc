using System.Buffers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using MasterX.AiGateway.Calls;
using MasterX.AiGateway.Providers.Keys;

namespace MasterX.AiGateway.Requests;

/// <summary>
/// What the gateway has to know of a request, found in one pass over its bytes. Everything else in the body
/// is the provider's business and is passed on as it came. The request owns its bytes: whoever disposes it is done with them, and a call
/// that may go on for longer than its caller waits holds them.
/// </summary>
/// <param name="Operation">What is asked for.</param>
/// <param name="Body">The whole JSON object, which the request owns from here on.</param>
/// <param name="Model">The requested model or route; <see langword="null"/> when none was given.</param>
/// <param name="ModelValue">
/// Where the value of <c>model</c> stands in <paramref name="Body"/>, quotes included; empty when there is none.
/// </param>
/// <param name="Stream">Whether the answer is to be streamed.</param>
/// <param name="Usage">What the caller says about a chunk with the usage at the end of a stream.</param>
internal sealed record ModelRequest(
    Operation Operation, PooledBuffer Body, string? Model, Range ModelValue, bool Stream, StreamUsage Usage) : IDisposable
{
    private const int MaxDepth = 64;

    private ulong? _conversation;

    /// <summary>Rule of thumb for English text in JSON.</summary>
    private const int BytesPerToken = 4;

    /// <summary>Tokens the request will cost, roughly.</summary>
    public int EstimatedTokens => Operation.Generates ? Math.Max(1, (Body.Length + (Broken?.Text.Length ?? 0)) / BytesPerToken) : 0;

    /// <summary>Who asks, as the API names its consumers; empty where it says nothing.</summary>
    public string Consumer { get; set; } = "";

    /// <summary>What providers want back from this caller, though it may not have kept it.</summary>
    public Translation.ThoughtMemory? Thoughts { get; set; }

    /// <summary>What it has spent, attempt by attempt; the same one for all requests that are made of it.</summary>
    public CallRecord Record { get; set; } = new(null, null);

    /// <summary>How a response is named to the caller; of other operations' answers nobody keeps any.</summary>
    public ResponseIds? ResponseIds { get; set; }

    /// <summary>Where the value of <c>previous_response_id</c> stands in <see cref="Body"/>, quotes included; empty when there is none.</summary>
    public Range PreviousResponse { get; private init; }

    /// <summary>Whether the request goes on from a response that its provider keeps.</summary>
    public bool HasPreviousResponse => PreviousResponse.End.Value > 0;

    /// <summary>Where the value of <c>stream_options</c> stands in <see cref="Body"/>; empty when there is none.</summary>
    public Range StreamOptions { get; private init; }

    /// <summary>
    /// Whether a field the gateway reads is there more than once. The last one counts, here as with most parsers; who reads the first would
    /// be asked for something else than was routed and paid for, so what is sent has each field once.
    /// </summary>
    public bool HasDuplicates { get; private init; }

    /// <summary>Whether several answers are asked for, each of which has an end of its own.</summary>
    public bool WantsSeveral { get; private init; }

    /// <summary>What asks a model to go on with an answer, where it takes no beginning of its own.</summary>
    public string ResumePrompt { get; set; } = GatewayOptions.UsualResumePrompt;

    /// <summary>The answer to it that broke off, where the rest is asked for.</summary>
    public BrokenAnswer? Broken { get; init; }

    /// <summary>What a caller of Anthropic's API said beside the body.</summary>
    public AnthropicHeaders? Anthropic { get; set; }

    /// <summary>Of the key that the response it goes on from was made with, where there was a choice.</summary>
    public string? KeyLabel { get; set; }

    /// <summary>By which all requests of one conversation can be told; a number that stays from one to the next.</summary>
    public ulong Conversation => _conversation ??= ConversationHash.Of(this);

    /// <param name="operation">What is asked for.</param>
    /// <param name="body">A request body; the request's when it is one, else still the caller's.</param>
    /// <param name="request">The request, when it is one.</param>
    /// <param name="problem">What is wrong with it, when it is not one.</param>
    /// <param name="parameter">The field that is wrong, if it is one field.</param>
    public static bool TryParse(
        Operation operation, PooledBuffer body, out ModelRequest? request, out string? problem, out string? parameter)
    {
        (request, problem, parameter) = (null, null, null);
        string? model = null;
        var (modelValue, previous, streamOptions) = (new Range(0, 0), new Range(0, 0), new Range(0, 0));
        var (seen, duplicates, several) = (0, false, false);
        var (stream, input, usage) = (false, false, StreamUsage.NotWanted);
        try
        {
            var json = new Utf8JsonReader(body.Span, new JsonReaderOptions { MaxDepth = MaxDepth });
            if (!json.Read() || json.TokenType != JsonTokenType.StartObject)
            {
                problem = "The request body must be a JSON object.";
                return false;
            }

            while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
            {
                if (json.ValueTextEquals("model"u8))
                {
                    duplicates |= Twice(ref seen, 0);
                    json.Read();
                    if (json.TokenType is not (JsonTokenType.String or JsonTokenType.Null))
                    {
                        (problem, parameter) = ("'model' must be a string.", "model");
                        return false;
                    }

                    model = json.GetString();
                    modelValue = (int)json.TokenStartIndex..(int)json.BytesConsumed;
                }
                else if (json.ValueTextEquals("stream"u8))
                {
                    duplicates |= Twice(ref seen, 1);
                    json.Read();
                    if (json.TokenType is not (JsonTokenType.True or JsonTokenType.False or JsonTokenType.Null))
                    {
                        (problem, parameter) = ("'stream' must be true or false.", "stream");
                        return false;
                    }

                    stream = json.TokenType == JsonTokenType.True;
                }
                else if (operation.HasMessages && json.ValueTextEquals("messages"u8))
                {
                    duplicates |= Twice(ref seen, 2);
                    json.Read();
                    input = json.TokenType == JsonTokenType.StartArray && HasMessages(ref json);
                    if (!input)
                    {
                        (problem, parameter) = ("'messages' must be an array with at least one message.", "messages");
                        return false;
                    }
                }
                else if (!operation.HasMessages && json.ValueTextEquals("input"u8))
                {
                    duplicates |= Twice(ref seen, 2);
                    json.Read();
                    input = IsInput(ref json);
                    if (!input)
                    {
                        (problem, parameter) = ("'input' must be a text, or an array with at least one element.", "input");
                        return false;
                    }
                }
                else if (operation == Operation.Responses && json.ValueTextEquals("previous_response_id"u8))
                {
                    duplicates |= Twice(ref seen, 3);
                    json.Read();
                    if (json.TokenType is not (JsonTokenType.String or JsonTokenType.Null))
                    {
                        (problem, parameter) = ("'previous_response_id' must be a string.", "previous_response_id");
                        return false;
                    }

                    if (json.TokenType == JsonTokenType.String)
                    {
                        previous = (int)json.TokenStartIndex..(int)json.BytesConsumed;
                        input = true;
                    }
                }
                else if (operation == Operation.Responses && (json.ValueTextEquals("prompt"u8) || json.ValueTextEquals("conversation"u8)))
                {
                    // Each of them stands for an input the provider has already.
                    json.Read();
                    input |= json.TokenType != JsonTokenType.Null;
                    json.Skip();
                }
                else if (operation == Operation.Chat && json.ValueTextEquals("n"u8))
                {
                    json.Read();
                    several = json.TokenType == JsonTokenType.Number && json.TryGetInt32(out var choices) && choices > 1;
                    json.Skip();
                }
                else if (operation == Operation.Chat && json.ValueTextEquals("stream_options"u8))
                {
                    duplicates |= Twice(ref seen, 4);
                    json.Read();
                    var start = (int)json.TokenStartIndex;
                    usage = ReadStreamOptions(ref json);
                    streamOptions = start..(int)json.BytesConsumed;
                }
                else
                {
                    json.Skip();
                }
            }

            // Reads the rest: a second value behind the object is an error of its own.
            while (json.Read())
            {
            }
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            // InvalidOperationException: a string that is not valid UTF-8 or has a lone surrogate escape.
            problem = error is JsonException { LineNumber: { } line, BytePositionInLine: { } position }
                ? string.Create(System.Globalization.CultureInfo.InvariantCulture, $"The request body is not valid JSON: line {line + 1}, byte {position + 1}.")
                : "The request body is not valid JSON text in UTF-8.";
            return false;
        }

        if (!input)
        {
            (problem, parameter) = operation.HasMessages
                ? ("'messages' is missing: an array with at least one message.", "messages")
                : ("'input' is missing: a text, or an array with at least one element.", "input");
            return false;
        }

        if (operation == Operation.Embeddings && string.IsNullOrWhiteSpace(model))
        {
            (problem, parameter) = ("'model' is missing. Embeddings of two models cannot be compared with each other, so there is no model to be chosen for you.", "model");
            return false;
        }

        request = new ModelRequest(operation, body, string.IsNullOrWhiteSpace(model) ? null : model, modelValue, stream && operation.Streams, usage)
        {
            PreviousResponse = previous, StreamOptions = streamOptions, HasDuplicates = duplicates, WantsSeveral = several,
        };
        return true;
    }

    /// <summary>The same request, with the name of the response it goes on from as the provider knows it.</summary>
    /// <returns>A request of its own, with bytes of its own.</returns>
    public ModelRequest GoingOnFrom(string previousResponseId)
    {
        var (start, length) = PreviousResponse.GetOffsetAndLength(Body.Length);
        var body = new PooledBuffer(Body.Length);
        body.Write(Body.Span[..start]);
        body.Write(Encoding.UTF8.GetBytes($"\"{JsonEncodedText.Encode(previousResponseId)}\""));
        body.Write(Body.Span[(start + length)..]);
        return Again(body);
    }

    /// <summary>The request as it is asked with a key: the responses to it are named after that. It lends its bytes to what it returns.</summary>
    public ModelRequest AskedWith(ProviderKey key) => key.Label is not null && ResponseIds is { } ids ? this with { ResponseIds = ids.MadeWith(key) } : this;

    /// <summary>The same request, said in other bytes.</summary>
    /// <param name="body">The new request's from here on.</param>
    public ModelRequest With(PooledBuffer body) => Again(body);

    /// <summary>The same request, said in other words.</summary>
    /// <param name="root">They; one object.</param>
    /// <returns>A request of its own, with bytes of its own.</returns>
    /// <exception cref="ArgumentException">There is half a character in it.</exception>
    public ModelRequest With(JsonObject root)
    {
        PooledBuffer? body = new(Body.Length);
        try
        {
            using (var json = new Utf8JsonWriter((IBufferWriter<byte>)body, Translation.Answers.AnswerStreamWriter.Options))
            {
                root.WriteTo(json);
            }

            var again = Again(body);
            body = null;
            return again;
        }
        finally
        {
            body?.Dispose();
        }
    }

    public void Dispose() => Body.Dispose();

    /// <summary>Of the same caller, with another body.</summary>
    private ModelRequest Again(PooledBuffer body)
    {
        if (!TryParse(Operation, body, out var again, out var problem, out _))
        {
            throw new InvalidOperationException($"A request that was read could not be read with one value changed: {problem}");
        }

        return again! with { Consumer = Consumer, Record = Record, Anthropic = Anthropic, ResponseIds = ResponseIds, Thoughts = Thoughts, ResumePrompt = ResumePrompt, Broken = Broken };
    }

    private static StreamUsage ReadStreamOptions(ref Utf8JsonReader json)
    {
        if (json.TokenType != JsonTokenType.StartObject)
        {
            json.Skip();
            return json.TokenType == JsonTokenType.Null ? StreamUsage.NotWanted : StreamUsage.Unreadable;
        }

        var usage = StreamUsage.NotWanted;
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            var include = json.ValueTextEquals("include_usage"u8);
            json.Read();
            if (include)
            {
                usage = json.TokenType == JsonTokenType.True ? StreamUsage.Wanted : StreamUsage.NotWanted;
            }

            json.Skip();
        }

        return usage;
    }

    private static bool Twice(ref int seen, int field)
    {
        var before = seen;
        seen |= 1 << field;
        return before == seen;
    }

    /// <summary>A text that is not empty, or an array that is not; the reader stands on its end then.</summary>
    private static bool IsInput(ref Utf8JsonReader json)
    {
        if (json.TokenType == JsonTokenType.String)
        {
            return json.ValueSpan.Length > 0;
        }

        if (json.TokenType != JsonTokenType.StartArray)
        {
            return false;
        }

        var depth = json.CurrentDepth;
        var any = false;
        while (json.Read() && json.CurrentDepth > depth)
        {
            any = true;
            json.Skip();
        }

        return any;
    }

    private static bool HasMessages(ref Utf8JsonReader array)
    {
        var depth = array.CurrentDepth;
        var any = false;
        while (array.Read() && !(array.TokenType == JsonTokenType.EndArray && array.CurrentDepth == depth))
        {
            any = true;
            if (array.CurrentDepth == depth + 1 && array.TokenType is not (JsonTokenType.StartObject or JsonTokenType.EndObject))
            {
                // A message is an object; anything else ends in a 400 of every provider.
                return false;
            }

            array.Skip();
        }

        return any;
    }
}

/// <summary>What a request says about the usage of a streamed answer.</summary>
internal enum StreamUsage
{
    /// <summary>Nothing, or that it is not wanted: the gateway asks for it itself, and keeps it to itself.</summary>
    NotWanted,

    /// <summary><c>include_usage</c> is true.</summary>
    Wanted,

    /// <summary><c>stream_options</c> is not what it should be, and left for the provider to say so.</summary>
    Unreadable,
}
