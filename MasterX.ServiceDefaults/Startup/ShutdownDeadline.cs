using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace MasterX.ServiceDefaults.Startup;

/// <summary>
/// When work that is under way has to come to an end, once the service was asked to stop: shortly before the host's shutdown limit, so that
/// what still runs then can be told and booked instead of being cut.
/// </summary>
public sealed class ShutdownDeadline : IDisposable
{
    private readonly CancellationTokenSource _deadline = new();
    private readonly CancellationTokenRegistration _stopping;
    private readonly IHostApplicationLifetime _lifetime;

    /// <summary>Waits for the service to be asked to stop.</summary>
    /// <param name="lifetime">Tells of it.</param>
    /// <param name="host">Has the limit, <see cref="HostOptions.ShutdownTimeout"/>.</param>
    /// <param name="reserve">How much of that limit is left for the last words.</param>
    public ShutdownDeadline(IHostApplicationLifetime lifetime, IOptions<HostOptions> host, TimeSpan reserve)
    {
        _lifetime = lifetime;
        var limit = host.Value.ShutdownTimeout - reserve;
        _stopping = lifetime.ApplicationStopping.Register(() => _deadline.CancelAfter(limit > TimeSpan.Zero ? limit : TimeSpan.Zero));
    }

    /// <summary>Whether the service was asked to stop.</summary>
    public bool HasBegun => _lifetime.ApplicationStopping.IsCancellationRequested;

    /// <summary>Cancelled when running work has to come to an end.</summary>
    public CancellationToken Token => _deadline.Token;

    /// <inheritdoc />
    public void Dispose()
    {
        _stopping.Dispose();
        _deadline.Dispose();
    }
}
