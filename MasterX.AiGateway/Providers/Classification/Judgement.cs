using MasterX.AiGateway.Requests;
using MasterX.AiGateway.Routing;

namespace MasterX.AiGateway.Providers.Classification;

/// <summary>Judges what a candidate gave instead of an answer, by the table of its wire format.</summary>
internal static class Judgement
{
    /// <param name="candidate">Who was asked.</param>
    /// <param name="status">The answer's; 200 for what turned out to be none.</param>
    /// <param name="body">As it came.</param>
    /// <param name="headers">What was said in headers.</param>
    /// <param name="now">For points in time.</param>
    public static ProviderAnswer Of(Candidate candidate, int status, ReadOnlyMemory<byte> body, ProviderHeaders headers, DateTimeOffset now)
    {
        var (table, read) = (candidate.Format.Errors, ErrorBody.Read(body, now));
        if (status != StatusCodes.Status200OK && headers.ErrorType is { } type && read.Type is null)
        {
            read = read with { Type = type };
        }

        var verdict = table.Judge(status, read, candidate.IsKnown);
        return new ProviderAnswer
        {
            Verdict = verdict,
            Status = status,
            Error = verdict.SaysOfRequest > 0 ? Describe(table.Describe(read), verdict, candidate.Provider) : null,
            Headers = headers,
            Told = TellsWait(verdict)
                ? headers.RetryAfter ?? read.RetryAfter ?? read.Relayed?.RetryAfter ?? (verdict.IsLimit ? headers.Pause : null)
                : null,
        };
    }

    /// <summary>A failure without an answer.</summary>
    public static ProviderAnswer Of(Verdict verdict, int? status = null) => new() { Verdict = verdict, Status = status };

    /// <summary>Who is refused is not told when to come back: a wait that is named then is about something else.</summary>
    private static bool TellsWait(Verdict verdict) =>
        verdict.Fault is Fault.Provider or Fault.Request || verdict.Outcome == AttemptOutcome.OutOfCredit;

    private static ProviderError Describe(ProviderErrorParts parts, Verdict verdict, Provider provider) => new(
        provider.Redact(parts.Message ?? "The provider refused the request without saying why."),
        verdict.CallerCode ?? parts.Code,
        parts.Parameter);
}
