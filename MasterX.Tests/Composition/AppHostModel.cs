using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Testing;

namespace MasterX.Tests.Composition;

/// <summary>The composition as AppHost.cs describes it; nothing of it is started.</summary>
internal static class AppHostModel
{
    private static readonly string[] Publish = ["--operation", "publish", "--publisher", "manifest", "--output-path", "manifest.json"];

    /// <summary>Hides the keys a developer has in user secrets: a test never calls a real provider.</summary>
    private static readonly string[] NoKeys = ["--Parameters:gemini-api-key=", "--Parameters:groq-api-key=", "--Parameters:openai-api-key="];

    /// <param name="args">Command line of the AppHost.</param>
    public static Task<IDistributedApplicationTestingBuilder> DescribeAsync(params string[] args) => DescribeAsync(dashboard: false, args);

    /// <param name="dashboard">Whether the dashboard is part of it.</param>
    /// <param name="args">Command line of the AppHost.</param>
    public static Task<IDistributedApplicationTestingBuilder> DescribeAsync(bool dashboard, params string[] args) =>
        DistributedApplicationTestingBuilder.CreateAsync<Projects.MasterX_AppHost>(
            new DistributedApplicationTestingBuilderOptions { EnableDashboard = dashboard }, [.. NoKeys, .. args], TestContext.Current.CancellationToken);

    public static Task<IDistributedApplicationTestingBuilder> DescribePublishedAsync(params string[] args) => DescribeAsync([.. Publish, .. args]);

    public static bool Has(this IDistributedApplicationBuilder builder, string name) => builder.Resources.Any(resource => resource.Name == name);

    public static IResource Find(this IDistributedApplicationBuilder builder, string name) => builder.Resources.Single(resource => resource.Name == name);

    public static IEnumerable<string> WaitsFor(this IResource resource) => resource.Annotations.OfType<WaitAnnotation>().Select(wait => wait.Resource.Name);

    public static IEnumerable<string> RefersTo(this IResource resource) =>
        resource.Annotations.OfType<ResourceRelationshipAnnotation>().Where(relation => relation.Type == "Reference").Select(relation => relation.Resource.Name);

    public static IEnumerable<string> HealthChecks(this IResource resource) => resource.Annotations.OfType<HealthCheckAnnotation>().Select(check => check.Key);

    /// <summary>
    /// The environment as a manifest has it: literal values, and expressions such as <c>{gateway-token.value}</c>.
    /// For publish mode: in run mode some of Aspire's own contributions want a started application.
    /// </summary>
    public static async Task<IReadOnlyDictionary<string, string>> PublishedEnvironmentAsync(this IDistributedApplicationBuilder builder, string name)
    {
        var resource = builder.Find(name);
        var context = new EnvironmentCallbackContext(builder.ExecutionContext, resource, cancellationToken: TestContext.Current.CancellationToken);
        foreach (var contribution in resource.Annotations.OfType<EnvironmentCallbackAnnotation>())
        {
            await contribution.Callback(context);
        }

        return context.EnvironmentVariables.ToDictionary(
            variable => variable.Key,
            variable => variable.Value is IManifestExpressionProvider expression ? expression.ValueExpression : variable.Value.ToString()!);
    }
}
