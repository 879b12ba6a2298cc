using System.Net.Http.Json;

namespace MasterX.AppHost;

/// <summary>The emulator's commands in the dashboard: what a developer does to see a failover happen.</summary>
internal static class FaultCommands
{
    private static readonly object Broken = new { status = 503 };
    private static readonly object Slow = new { latency_ms = 3000 };

    public static IResourceBuilder<ProjectResource> WithFaultCommands(this IResourceBuilder<ProjectResource> emulator)
    {
        foreach (var provider in Provider.Chain)
        {
            emulator.WithFaultCommand(provider, "break", $"Break {provider.Title}", $"{provider.Title} answers 503 from now on.", "PlugDisconnected", Broken)
                .WithFaultCommand(provider, "slow", $"Slow {provider.Title}", $"{provider.Title} answers after 3 seconds from now on.", "Timer", Slow);
        }

        return emulator
            .WithHttpCommand("/_faults", "All providers down", commandName: "break-all", commandOptions: new()
            {
                Method = HttpMethod.Put,
                Description = "Every provider answers 503 from now on.",
                IconName = "PlugDisconnected",
                PrepareRequest = request => Carry(request, Broken),
            })
            .WithHttpCommand("/_faults", "Heal all", commandName: "heal-all", commandOptions: new()
            {
                Method = HttpMethod.Delete,
                Description = "Every provider is well again.",
                IconName = "HeartPulse",
                IsHighlighted = true,
            });
    }

    private static IResourceBuilder<ProjectResource> WithFaultCommand(
        this IResourceBuilder<ProjectResource> emulator, Provider provider, string verb, string title, string description, string icon, object fault) =>
        emulator.WithHttpCommand($"/_faults/{provider.Name}", title, commandName: $"{verb}-{provider.Name}", commandOptions: new()
        {
            Method = HttpMethod.Put,
            Description = description,
            IconName = icon,
            PrepareRequest = request => Carry(request, fault),
        });

    private static Task Carry(HttpCommandRequestContext request, object fault)
    {
        request.Request.Content = JsonContent.Create(fault);
        return Task.CompletedTask;
    }
}
