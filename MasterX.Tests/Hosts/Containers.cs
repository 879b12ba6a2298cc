namespace MasterX.Tests.Hosts;

/// <summary>Tests that run containers share one storage, one after the other: podman's bridges bear the same names in every storage.</summary>
[CollectionDefinition(Name)]
public sealed class Containers : ICollectionFixture<ContainerStorage>
{
    public const string Name = "containers";
}
