using System.Buffers;
using System.Text.Json;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace MasterX.ServiceDefaults.Health;

/// <summary>
/// Writes a report as <c>{"status":"healthy","checks":{"database":{"status":"healthy"},…}}</c>;
/// for readiness the status is <c>ready</c> or <c>not_ready</c>.
/// </summary>
internal static class HealthDocument
{
    public static ReadOnlyMemory<byte> Write(HealthReport report, bool ready, bool detail)
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        using var json = new Utf8JsonWriter(buffer);
        json.WriteStartObject();
        json.WriteString("status", ready ? report.Status == HealthStatus.Unhealthy ? "not_ready" : "ready" : Name(report.Status));
        json.WriteStartObject("checks");
        foreach (var (name, check) in report.Entries)
        {
            json.WriteStartObject(name);
            json.WriteString("status", Name(check.Status));
            if (detail)
            {
                json.WriteNumber("duration_ms", Math.Round(check.Duration.TotalMilliseconds, 1));
                if (check.Description is { } description)
                {
                    json.WriteString("description", description);
                }

                foreach (var (key, value) in check.Data)
                {
                    json.WriteString(key, Convert.ToString(value, System.Globalization.CultureInfo.InvariantCulture));
                }
            }

            json.WriteEndObject();
        }

        json.WriteEndObject();
        json.WriteEndObject();
        json.Flush();
        return buffer.WrittenMemory;
    }

    private static string Name(HealthStatus status) => status switch
    {
        HealthStatus.Healthy => "healthy",
        HealthStatus.Degraded => "degraded",
        _ => "unhealthy",
    };
}
