using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Running;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Aspire.Hosting;

/// <summary>A finished composition, ready to run.</summary>
/// <param name="host">The generic host that runs it.</param>
public class DistributedApplication(IHost host) : IHost, IAsyncDisposable
{
    /// <summary>Services of the AppHost.</summary>
    public IServiceProvider Services => host.Services;

    /// <summary>The states of the resources.</summary>
    public ResourceNotificationService ResourceNotifications => Services.GetRequiredService<ResourceNotificationService>();

    /// <summary>Begins a composition.</summary>
    /// <param name="args">Command line of the AppHost.</param>
    public static IDistributedApplicationBuilder CreateBuilder(string[] args) =>
        CreateBuilder(new DistributedApplicationOptions { Args = args });

    /// <inheritdoc cref="CreateBuilder(string[])" />
    /// <param name="options">How it is built.</param>
    public static IDistributedApplicationBuilder CreateBuilder(DistributedApplicationOptions options) =>
        new DistributedApplicationBuilder(EntryPointInterception.Current.Value?.OnCreating(options.Args) ?? options);

    /// <summary>Starts the resources and returns; each becomes healthy in its own time.</summary>
    public virtual Task StartAsync(CancellationToken cancellationToken = default) => host.StartAsync(cancellationToken);

    /// <summary>Stops the resources: SIGTERM, 10 seconds, SIGKILL.</summary>
    public virtual Task StopAsync(CancellationToken cancellationToken = default) => host.StopAsync(cancellationToken);

    /// <summary>Starts the resources, waits for Ctrl+C or SIGTERM, and stops them.</summary>
    public virtual async Task RunAsync(CancellationToken cancellationToken = default)
    {
        if (EntryPointInterception.Current.Value is { } interception)
        {
            await interception.OnRunning();
            return;
        }

        if (Services.GetRequiredService<DistributedApplicationExecutionContext>().IsPublishMode)
        {
            throw new DistributedApplicationException(
                "Publishing needs Aspire, and this is the offline edition. Build with UseAspire=true on a machine whose package feed serves Aspire.");
        }

        await host.RunAsync(cancellationToken);
    }

    /// <inheritdoc cref="RunAsync" />
    /// <remarks>An error of the composition, such as a taken port, is printed and ends the process with exit code 1.</remarks>
    public void Run()
    {
        // The host is disposed by the time a failed start is reported.
        var console = Services.GetRequiredService<ResourceConsole>();
        try
        {
            RunAsync().GetAwaiter().GetResult();
        }
        catch (DistributedApplicationException error)
        {
            console.Fail(error.Message);
            Environment.ExitCode = 1;
        }
    }

    /// <summary>Stops what still runs and frees everything.</summary>
    public virtual async ValueTask DisposeAsync()
    {
        await StopAsync();
        await ((IAsyncDisposable)host).DisposeAsync();
        GC.SuppressFinalize(this);
    }

    /// <inheritdoc cref="DisposeAsync" />
    public virtual void Dispose()
    {
        DisposeAsync().AsTask().GetAwaiter().GetResult();
        GC.SuppressFinalize(this);
    }
}
