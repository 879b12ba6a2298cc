using Aspire.Hosting;

namespace MasterX.Tests.Composition;

/// <summary>The composition, started once for the tests that share it.</summary>
public sealed class RunningComposition : IAsyncLifetime
{
    private StartedComposition? _started;

    public DistributedApplication App => _started!.App;

    /// <summary>At the API, with the development key.</summary>
    public HttpClient Api { get; private set; } = null!;

    /// <summary>At the emulator.</summary>
    public HttpClient Emulator { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        _started = await StartedComposition.StartAsync();
        Api = _started.ClientOf("api");
        Emulator = _started.ClientOf("emulator");
    }

    public async ValueTask DisposeAsync()
    {
        Api?.Dispose();
        Emulator?.Dispose();
        if (_started is not null)
        {
            await _started.DisposeAsync();
        }
    }
}
