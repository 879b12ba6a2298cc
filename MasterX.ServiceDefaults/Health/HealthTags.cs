namespace MasterX.ServiceDefaults.Health;

/// <summary>Which health endpoint a check belongs to.</summary>
public static class HealthTags
{
    /// <summary>The service cannot do its work while the check fails; part of <c>/health/ready</c>.</summary>
    public const string Ready = "ready";
}
