using System.Diagnostics;
using OpenTelemetry;

namespace MasterX.ServiceDefaults.Telemetry;

/// <summary>
/// Leaves out what is done within a span that is left out: the calls and database commands of a probe, whose own span nobody wants. By
/// default a sampler sees to that,
/// but one that takes all (<c>OTEL_TRACES_SAMPLER=always_on</c>, as Aspire sets it) makes spans without a parent of them.
/// </summary>
internal sealed class QuietChildren : BaseProcessor<Activity>
{
    public override void OnStart(Activity data)
    {
        if (data.Parent is { Recorded: false })
        {
            data.IsAllDataRequested = false;
            data.ActivityTraceFlags &= ~ActivityTraceFlags.Recorded;
        }
    }
}
