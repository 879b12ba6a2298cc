using System.Buffers;
using System.Text.Json;
using MasterX.AiGateway.Providers.Classification;
using MasterX.AiGateway.Requests;
using MasterX.AiGateway.Routing;
using MasterX.AiGateway.Streaming;

namespace MasterX.AiGateway.Providers;

/// <summary>
/// OpenAI's own format, every <see cref="Operation"/> of it, as OpenAI, Groq, Ollama, vLLM and many others speak them.
/// Request and answer pass through byte for byte, but for the value of <c>model</c> and the fields a provider is known to refuse.
/// </summary>
internal sealed class OpenAiWireFormat : WireFormat
{
    public static readonly OpenAiWireFormat Instance = new();

    public override ErrorTable Errors => ErrorTable.OpenAi;

    public override Uri? UriOf(Uri baseUrl, string model, Operation operation, bool stream) => new(baseUrl, operation.Path);

    public override (string Name, string Value) Authentication(string key) => ("Authorization", $"Bearer {key}");

    public override PooledBuffer WriteRequest(ModelRequest request, Candidate candidate, PooledBuffer scratch)
    {
        if (candidate.Provider.DropFields.Count > 0)
        {
            return WriteWithout(candidate.Provider.DropFields, request, candidate, scratch);
        }

        var body = request.Body.Span;
        var (start, length) = request.ModelValue.GetOffsetAndLength(body.Length);
        var askUsage = AsksUsage(request, candidate);
        if (!askUsage && length > 0 && body.Slice(start, length).SequenceEqual(candidate.ModelJson.Span))
        {
            return request.Body;
        }

        // What is added stands first: the object is known to be valid and, as it has messages or an input, not empty.
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

        return scratch;
    }

    public override ProviderAnswer? ReadAnswer(PooledBuffer answer, Candidate candidate, Operation operation)
    {
        var scan = AnswerScan.Of(answer.Span, operation);
        return scan.IsAnswer
            ? new ProviderAnswer { Verdict = Verdicts.Success, Status = StatusCodes.Status200OK, Body = answer, Usage = scan.Usage }
            : null;
    }

    public override StreamFrames OpenFrames(ModelRequest request, Candidate candidate, PartialAnswer? partial, bool continuing) =>
        request.Operation == Operation.Responses ? new ResponsesFrames() : new OpenAiFrames { CallerWantsUsage = request.Usage == StreamUsage.Wanted, Partial = partial, Continuing = continuing };

    /// <summary>Whether the usage of a stream is asked for in the caller's stead; responses always have it.</summary>
    private static bool AsksUsage(ModelRequest request, Candidate candidate) =>
        request is { Stream: true, Usage: StreamUsage.NotMentioned } && request.Operation == Operation.Chat && candidate.Provider.Options.StreamUsage;

    private static PooledBuffer WriteWithout(IReadOnlySet<string> dropped, ModelRequest request, Candidate candidate, PooledBuffer scratch)
    {
        using var document = JsonDocument.Parse(request.Body.Memory);
        using (var json = new Utf8JsonWriter(scratch, new JsonWriterOptions { SkipValidation = true }))
        {
            json.WriteStartObject();
            json.WritePropertyName("model"u8);
            json.WriteRawValue(candidate.ModelJson.Span, skipInputValidation: true);
            if (AsksUsage(request, candidate))
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

        return scratch;
    }
}
