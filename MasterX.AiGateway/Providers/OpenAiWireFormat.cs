using System.Buffers;
using System.Text.Json;
using MasterX.AiGateway.Chat;
using MasterX.AiGateway.Routing;
using MasterX.AiGateway.Streaming;

namespace MasterX.AiGateway.Providers;

/// <summary>
/// OpenAI's chat completions (<see href="https://platform.openai.com/docs/api-reference/chat"/>), as OpenAI, Groq, Ollama, vLLM and many others speak them.
/// Request and answer pass through byte for byte, but for the value of <c>model</c> and the fields a provider is known to refuse.
/// </summary>
internal sealed class OpenAiWireFormat : WireFormat
{
    public static readonly OpenAiWireFormat Instance = new();

    public override Uri ChatUri(Uri baseUrl, string model, bool stream) => new(baseUrl, "chat/completions");

    public override (string Name, string Value) Authentication(string key) => ("Authorization", $"Bearer {key}");

    public override ReadOnlyMemory<byte> WriteChatRequest(ChatRequest request, Candidate candidate, PooledBuffer scratch)
    {
        if (candidate.Provider.DropFields.Count > 0)
        {
            return WriteWithout(candidate.Provider.DropFields, request, candidate, scratch);
        }

        var body = request.Body.Span;
        var (start, length) = request.ModelValue.GetOffsetAndLength(body.Length);
        var askUsage = request is { Stream: true, Usage: StreamUsage.NotMentioned } && candidate.Provider.Options.StreamUsage;
        if (!askUsage && length > 0 && body.Slice(start, length).SequenceEqual(candidate.ModelJson.Span))
        {
            return request.Body;
        }

        // What is added stands first: the object is known to be valid and, as it has messages, not empty.
        var brace = body.IndexOf((byte)'{') + 1;
        scratch.Write(body[..brace]);
        if (askUsage)
        {
            scratch.Write("\"stream_options\":{\"include_usage\":true},"u8);
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

        return scratch.Memory;
    }

    public override ProviderAnswer ReadChatAnswer(PooledBuffer answer, Candidate candidate)
    {
        var scan = AnswerScan.Of(answer.Span);
        if (!scan.IsAnswer)
        {
            answer.Dispose();
            return new ProviderAnswer { Outcome = AttemptOutcome.BrokenAnswer, Status = StatusCodes.Status200OK };
        }

        return new ProviderAnswer { Outcome = AttemptOutcome.Success, Status = StatusCodes.Status200OK, Body = answer, Usage = scan.Usage };
    }

    public override ProviderError? ReadError(ReadOnlyMemory<byte> body)
    {
        try
        {
            using var json = JsonDocument.Parse(body);
            return json.RootElement.ValueKind == JsonValueKind.Object
                && json.RootElement.TryGetProperty("error", out var error)
                && error.ValueKind == JsonValueKind.Object
                && Text(error, "message") is { } message
                    ? new ProviderError(message, Text(error, "code"), Text(error, "param"))
                    : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    public override StreamFrames OpenFrames(ChatRequest request, Candidate candidate, PartialAnswer? partial, bool continuing) =>
        new OpenAiFrames { CallerWantsUsage = request.Usage == StreamUsage.Wanted, Partial = partial, Continuing = continuing };

    private static ReadOnlyMemory<byte> WriteWithout(IReadOnlySet<string> dropped, ChatRequest request, Candidate candidate, PooledBuffer scratch)
    {
        using var document = JsonDocument.Parse(request.Body);
        using (var json = new Utf8JsonWriter(scratch, new JsonWriterOptions { SkipValidation = true }))
        {
            json.WriteStartObject();
            json.WritePropertyName("model"u8);
            json.WriteRawValue(candidate.ModelJson.Span, skipInputValidation: true);
            if (request is { Stream: true, Usage: StreamUsage.NotMentioned } && candidate.Provider.Options.StreamUsage)
            {
                json.WriteStartObject("stream_options"u8);
                json.WriteBoolean("include_usage"u8, true);
                json.WriteEndObject();
            }

            foreach (var field in document.RootElement.EnumerateObject())
            {
                if (!dropped.Contains(field.Name) && !field.NameEquals("model"u8))
                {
                    field.WriteTo(json);
                }
            }

            json.WriteEndObject();
        }

        return scratch.Memory;
    }

    private static string? Text(JsonElement error, string name) =>
        error.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
