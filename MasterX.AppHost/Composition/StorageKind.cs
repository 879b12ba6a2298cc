namespace MasterX.AppHost;

/// <summary>The values of the setting <c>Storage</c>, the AppHost's as the API's.</summary>
internal static class StorageKind
{
    public const string Mongo = "mongo";

    public const string Embedded = "embedded";

    /// <summary>What Aspire's MongoDB runs: asked for before there is a model that could tell.</summary>
    public const string MongoImage = "docker.io/library/mongo:8.3";
}
