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

    private static ReadOnlySpan<byte> UsageWish => "\"stream_options\":{\"include_usage\":true}"u8;

    public override bool KeepsResponses => true;

    public override ErrorTable Errors => ErrorTable.OpenAi;

    public override Uri? UriOf(Uri baseUrl, string model, Operation operation, bool stream) => operation.IsAnthropic ? null : new(baseUrl, operation.Path);

    public override (string Name, string Value) Authentication(string key) => ("Authorization", $"Bearer {key}");

    public override PooledBuffer WriteRequest(ModelRequest request, Candidate candidate, PooledBuffer scratch) =>
        SameFormatBody.Write(request, candidate, AsksUsage(request, candidate) ? UsageWish : default, scratch);

    public override ProviderAnswer? ReadAnswer(PooledBuffer answer, Candidate candidate, ModelRequest request)
    {
        var scan = AnswerScan.Of(answer.Span, request.Operation);
        if (!scan.IsAnswer)
        {
            return null;
        }

        var body = answer;
        if (request.ResponseIds is { } ids)
        {
            body = new PooledBuffer(answer.Length + 256);
            if (!new ResponseNaming(ids, candidate.Provider.Name).TryWrite(answer.Span, 1, body))
            {
                body.Dispose();
                return null;
            }
        }

        return new ProviderAnswer { Verdict = Verdicts.Success, Status = StatusCodes.Status200OK, Body = body, Usage = scan.Usage };
    }

    public override StreamFrames OpenFrames(ModelRequest request, Candidate candidate, PartialAnswer? partial, bool continuing) =>
        request.Operation == Operation.Responses ? new ResponsesFrames { Naming = request.ResponseIds is { } ids ? new(ids, candidate.Provider.Name) : null } : new OpenAiFrames { CallerWantsUsage = request.Usage == StreamUsage.Wanted, Partial = partial, Continuing = continuing };

    /// <summary>Whether the usage of a stream is asked for in the caller's stead; responses always have it.</summary>
    private static bool AsksUsage(ModelRequest request, Candidate candidate) =>
        request is { Stream: true, Usage: StreamUsage.NotMentioned } && request.Operation == Operation.Chat && candidate.Provider.Options.StreamUsage;
}
