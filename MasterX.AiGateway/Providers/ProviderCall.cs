using MasterX.AiGateway.Providers.Keys;
using MasterX.AiGateway.Requests;
using MasterX.AiGateway.Routing;
using MasterX.AiGateway.Streaming;

namespace MasterX.AiGateway.Providers;

/// <summary>What is asked of a provider.</summary>
/// <param name="Candidate">Whom.</param>
/// <param name="Key">With which of the provider's keys.</param>
/// <param name="Request">What.</param>
/// <param name="TimeLeft">Of the request's total limit.</param>
/// <param name="Partial">Collects the text of a stream, where another provider may have to go on with it.</param>
internal readonly record struct ProviderCall(
    Candidate Candidate, ProviderKey Key, ModelRequest Request, TimeSpan TimeLeft, PartialAnswer? Partial = null);

/// <summary>How much of an attempt's time is left.</summary>
/// <param name="Time">Clock.</param>
/// <param name="Begun">Timestamp of its beginning.</param>
/// <param name="Total">Its limit.</param>
internal readonly record struct AttemptClock(TimeProvider Time, long Begun, TimeSpan Total)
{
    public TimeSpan Elapsed => Time.GetElapsedTime(Begun);

    public TimeSpan Left => Total - Elapsed;
}
