namespace MasterX.AiGateway.Requests;

/// <summary>Outcomes as they are written in headers, error bodies, metrics and logs.</summary>
internal static class AttemptOutcomes
{
    public static string Name(this AttemptOutcome outcome) => outcome switch
    {
        AttemptOutcome.Success => "success",
        AttemptOutcome.CircuitOpen => "circuit_open",
        AttemptOutcome.CoolingDown => "cooling_down",
        AttemptOutcome.RateLimited => "rate_limited",
        AttemptOutcome.TokenLimited => "token_limited",
        AttemptOutcome.ConcurrencyLimited => "concurrency_limited",
        AttemptOutcome.ConnectFailed => "connect_failed",
        AttemptOutcome.TimedOut => "timed_out",
        AttemptOutcome.KeyRefused => "key_refused",
        AttemptOutcome.OutOfCredit => "out_of_credit",
        AttemptOutcome.ProviderLimited => "provider_limited",
        AttemptOutcome.ProviderFailed => "provider_failed",
        AttemptOutcome.BrokenAnswer => "broken_answer",
        AttemptOutcome.NotTakenHere => "not_taken_here",
        AttemptOutcome.HedgeLost => "hedge_lost",
        AttemptOutcome.Abandoned => "abandoned",
        _ => "request_refused",
    };
}
