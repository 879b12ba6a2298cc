using MasterX.AiGateway.Calls;
using MasterX.AiGateway.Providers;
using MasterX.AiGateway.Requests;
using MasterX.AiGateway.Routing;
using MasterX.AiGateway.Streaming;

namespace MasterX.AiGateway.Caching;

/// <summary>All who follow a recording. A recording that came to a good end is kept.</summary>
internal sealed class RecordingAudience(StreamRecording recording, Action<KeptStream> keep) : StreamAudience
{
    public override CancellationToken Gone => recording.Abandoned;

    private IReadOnlyList<Attempt> _attempts = [];
    private (Candidate Candidate, IReadOnlyList<string>? Ignored)? _last;

    public override void Begin(Candidate candidate, IReadOnlyList<Attempt> attempts, ProviderHeaders headers)
    {
        _attempts = attempts;
        recording.Begin(new RecordingAuthor(candidate, [.. attempts], headers));
    }

    public override void GoOn(Candidate candidate, ProviderHeaders headers) =>
        _last = (candidate, Accounting.Union(_last?.Ignored, headers.Ignored));

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> events, CancellationToken cancellationToken) =>
        recording.AppendAsync(events, cancellationToken);

    public override async ValueTask EndAsync(Bill bill, StreamFrames frames, PooledBuffer last, CancellationToken cancellationToken)
    {
        await recording.AppendAsync(last.Memory, cancellationToken);
        last.Clear();
        frames.WriteEnd(last);
        var end = new RecordingEnd { Mark = last.Span.ToArray(), Bill = bill, Incomplete = frames.Incomplete || !frames.Said, Attempts = [.. _attempts], Last = _last };

        // Kept before it is told: whoever comes in between finds one or the other.
        if (recording.Whole(end) is { } whole)
        {
            keep(whole);
        }

        recording.End(end);
    }

    public override Task BreakOffAsync(string message, string code)
    {
        recording.End(new RecordingEnd { Error = (message, code) });
        return Task.CompletedTask;
    }

    public override Task RefuseAsync()
    {
        recording.End(new RecordingEnd { IsShutdown = true });
        return Task.CompletedTask;
    }
}
