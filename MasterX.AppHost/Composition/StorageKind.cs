namespace MasterX.AppHost;

/// <summary>The values of the setting <c>Storage</c>, the AppHost's as the API's.</summary>
internal static class StorageKind
{
    public const string Mongo = "mongo";

    public const string Embedded = "embedded";
}
