using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.Configuration;

namespace Aspire.Hosting.Running;

/// <summary>The variables that Aspire gives every project, whatever it refers to.</summary>
internal static class ProjectEnvironment
{
    /// <summary>Where Aspire's dashboard, or any collector, would listen. Nothing has to: an exporter that finds nobody drops its batch.</summary>
    private const string DefaultOtlpEndpoint = "http://localhost:4317";

    public static void Add(EnvironmentCallbackContext context, ProjectResource project, LaunchProfile profile, IConfiguration configuration)
    {
        var variables = context.EnvironmentVariables;
        if (context.ExecutionContext.IsPublishMode)
        {
            variables["ASPNETCORE_FORWARDEDHEADERS_ENABLED"] = "true";
            variables["HTTP_PORTS"] = $"{{{project.Name}.bindings.http.targetPort}}";
            return;
        }

        // ASPNETCORE_URLS and OTEL_RESOURCE_ATTRIBUTES differ between replicas: the process runner adds them.
        variables["OTEL_SERVICE_NAME"] = project.Name;
        variables["OTEL_EXPORTER_OTLP_ENDPOINT"] =
            configuration["ASPIRE_DASHBOARD_OTLP_ENDPOINT_URL"] ?? configuration["OTEL_EXPORTER_OTLP_ENDPOINT"] ?? DefaultOtlpEndpoint;
        variables["OTEL_EXPORTER_OTLP_PROTOCOL"] = configuration["OTEL_EXPORTER_OTLP_PROTOCOL"] ?? "grpc";
        variables["OTEL_BLRP_SCHEDULE_DELAY"] = "1000";
        variables["OTEL_BSP_SCHEDULE_DELAY"] = "1000";
        variables["OTEL_METRIC_EXPORT_INTERVAL"] = "1000";
        variables["OTEL_TRACES_SAMPLER"] = "always_on";
        variables["OTEL_METRICS_EXEMPLAR_FILTER"] = "trace_based";
        variables["LOGGING__CONSOLE__FORMATTERNAME"] = "simple";
        variables["DOTNET_LAUNCH_PROFILE"] = profile.Name;
        variables["ASPNETCORE_ENVIRONMENT"] = "Development";
        foreach (var (name, value) in profile.EnvironmentVariables)
        {
            variables[name] = value;
        }
    }
}
