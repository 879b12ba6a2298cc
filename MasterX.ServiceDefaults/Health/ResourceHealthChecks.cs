using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace MasterX.ServiceDefaults.Health;

/// <summary>Degraded from 90 % of the memory the process may have: the container's limit, or the machine's memory without one.</summary>
internal sealed class MemoryHealthCheck : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        var limit = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        return Task.FromResult(Share.Of(Environment.WorkingSet, limit, context, "of the memory this process may have"));
    }
}

/// <summary>Degraded from 90 % of the disk that holds <c>Health:DiskPath</c>, the working directory unless set.</summary>
internal sealed class DiskHealthCheck(IConfiguration configuration) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        var path = configuration["Health:DiskPath"] ?? Environment.CurrentDirectory;
        try
        {
            var drive = new DriveInfo(path);
            return Task.FromResult(Share.Of(drive.TotalSize - drive.AvailableFreeSpace, drive.TotalSize, context, "of the disk"));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return Task.FromResult(new HealthCheckResult(context.Registration.FailureStatus, $"The disk of Health:DiskPath cannot be read: {error.Message}"));
        }
    }
}

file static class Share
{
    private const double Limit = 0.9;

    public static HealthCheckResult Of(long used, long total, HealthCheckContext context, string what)
    {
        var share = total > 0 ? (double)used / total : 0;
        var description = string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{share:P0} {what} in use");
        return share < Limit ? HealthCheckResult.Healthy(description) : new HealthCheckResult(context.Registration.FailureStatus, description);
    }
}
