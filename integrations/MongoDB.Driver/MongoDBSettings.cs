namespace Aspire.MongoDB.Driver;

/// <summary>How the MongoDB client is set up; section <c>Aspire:MongoDB:Driver</c>.</summary>
public sealed class MongoDBSettings
{
    /// <summary>For example <c>mongodb://localhost:27017/masterx</c>; <c>ConnectionStrings:{name}</c> wins over it.</summary>
    public string? ConnectionString { get; set; }

    /// <summary>Whether the health check <c>MongoDB.Driver</c> is left out.</summary>
    public bool DisableHealthChecks { get; set; }

    /// <summary>Limit of the health check, in milliseconds; none unless set.</summary>
    public int? HealthCheckTimeout { get; set; }

    /// <summary>Whether the spans that the driver makes of its commands are not collected.</summary>
    public bool DisableTracing { get; set; }
}
