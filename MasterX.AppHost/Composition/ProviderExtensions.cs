namespace MasterX.AppHost;

/// <summary>Tells the gateway where a provider is and which key it takes.</summary>
internal static class ProviderExtensions
{
    /// <summary>The provider itself; in the dashboard's graph it is an outside service. Nothing asks it for its health: that is the gateway's.</summary>
    public static void WithProvider(this IResourceBuilder<ProjectResource> gateway, Provider provider, IResourceBuilder<ParameterResource> key)
    {
        gateway.WithEnvironment($"Gateway__Providers__{provider.Name}__ApiKey", key);
        if (gateway.ApplicationBuilder.ExecutionContext.IsRunMode)
        {
            gateway.WithReferenceRelationship(gateway.ApplicationBuilder.AddExternalService(provider.Name, new Uri($"{provider.Url}/")));
        }
    }

    /// <summary>The emulator in its place, which is told of the trace as no outsider is.</summary>
    public static void WithEmulatedProvider(this IResourceBuilder<ProjectResource> gateway, Provider provider, IResourceBuilder<ProjectResource> emulator) =>
        gateway.WithEnvironment($"Gateway__Providers__{provider.Name}__BaseUrl", $"{emulator.GetEndpoint("http")}/{provider.Name}")
            .WithEnvironment($"Gateway__Providers__{provider.Name}__ApiKey", "emulated")
            .WithEnvironment($"Gateway__Providers__{provider.Name}__PropagateTrace", "true");
}
