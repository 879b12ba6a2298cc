using System.Diagnostics;
using Aspire.Hosting.Eventing;
using Aspire.Hosting.Lifecycle;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;

namespace MasterX.AppHost;

/// <summary>
/// Ends the AppHost when Aspire's orchestrator has ended, as by the kernel's memory killer: all that it had started ends with it, and Aspire itself goes on as
/// if it were there.
/// </summary>
internal sealed class OrchestratorWatch(IConfiguration configuration, IHostApplicationLifetime lifetime) : IDistributedApplicationEventingSubscriber
{
    public Task SubscribeAsync(IDistributedApplicationEventing eventing, DistributedApplicationExecutionContext executionContext, CancellationToken cancellationToken)
    {
        eventing.Subscribe<AfterResourcesCreatedEvent>((_, _) =>
        {
            foreach (var id in ProcessTree.Read().OrchestratorOf(Environment.ProcessId))
            {
                _ = EndWithAsync(id);
            }

            return Task.CompletedTask;
        });
        return Task.CompletedTask;
    }

    private async Task EndWithAsync(int id)
    {
        try
        {
            using var orchestrator = Process.GetProcessById(id);
            await orchestrator.WaitForExitAsync(lifetime.ApplicationStopping);
        }
        catch (ArgumentException)
        {
            // It has ended already.
        }
        catch (OperationCanceledException)
        {
            return;
        }

        await Console.Error.WriteLineAsync("Aspire's orchestrator (dcp) has ended, and with it all that it had started. MasterX is down; start it again.");
        CompositionSettings.RunFile(configuration)?.Delete();

        // Not by stopping the host: that would wait for the orchestrator.
        Environment.Exit(1);
    }
}
