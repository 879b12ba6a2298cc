using System.Net.Http.Headers;
using Aspire.Hosting;
using Aspire.Hosting.Testing;
using MasterX.Tests.Hosts;

namespace MasterX.Tests.Composition;

/// <summary>The whole composition, started once for the tests that share it: real processes, real HTTP between them, free ports, a data folder of its own.</summary>
public sealed class RunningComposition : IAsyncLifetime
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromMinutes(2);

    private readonly DataFolder _folder = new();
    private IDistributedApplicationTestingBuilder? _builder;

    public DistributedApplication App { get; private set; } = null!;

    /// <summary>At the API, with the development key.</summary>
    public HttpClient Api { get; private set; } = null!;

    /// <summary>At the emulator.</summary>
    public HttpClient Emulator { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(StartLimit);
        _builder = await AppHostModel.DescribeAsync("--Storage=embedded", $"--DataDirectory={_folder.Path}");
        App = await _builder.BuildAsync(limit.Token);
        await App.StartAsync(limit.Token);
        await App.ResourceNotifications.WaitForResourceHealthyAsync("api", limit.Token);
        Api = App.CreateHttpClient("api");
        Api.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", "mx-dev");
        Emulator = App.CreateHttpClient("emulator");
    }

    public async ValueTask DisposeAsync()
    {
        Api?.Dispose();
        Emulator?.Dispose();
        if (App is not null)
        {
            await App.DisposeAsync();
        }

        if (_builder is not null)
        {
            await _builder.DisposeAsync();
        }

        _folder.Dispose();
    }
}
