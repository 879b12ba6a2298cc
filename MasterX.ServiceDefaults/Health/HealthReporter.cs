using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace MasterX.ServiceDefaults.Health;

/// <summary>
/// Runs the health checks, at most once a second per kind of report: probes from several sides, or a flood of them,
/// never turn into a flood on the database.
/// </summary>
internal sealed class HealthReporter(HealthCheckService checks, TimeProvider time) : IDisposable
{
    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(1);

    private readonly Slot _ready = new();
    private readonly Slot _all = new();

    /// <param name="ready">Only the checks that decide on readiness.</param>
    /// <param name="cancellationToken">Ends the caller's wait.</param>
    public async Task<HealthReport> GetAsync(bool ready, CancellationToken cancellationToken)
    {
        var slot = ready ? _ready : _all;
        await slot.Turn.WaitAsync(cancellationToken);
        try
        {
            if (slot.Report is null || time.GetElapsedTime(slot.Taken) >= Fresh)
            {
                slot.Report = await checks.CheckHealthAsync(ready ? check => check.Tags.Contains(HealthTags.Ready) : null, cancellationToken);
                slot.Taken = time.GetTimestamp();
            }

            return slot.Report;
        }
        finally
        {
            slot.Turn.Release();
        }
    }

    public void Dispose()
    {
        _ready.Turn.Dispose();
        _all.Turn.Dispose();
    }

    private sealed class Slot
    {
        public SemaphoreSlim Turn { get; } = new(1);

        public HealthReport? Report { get; set; }

        public long Taken { get; set; }
    }
}
