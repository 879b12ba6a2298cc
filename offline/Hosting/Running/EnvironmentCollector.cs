using Aspire.Hosting.ApplicationModel;

namespace Aspire.Hosting.Running;

/// <summary>Collects what the annotations of a resource contribute to its environment, and resolves it to text.</summary>
internal sealed class EnvironmentCollector(DistributedApplicationExecutionContext executionContext)
{
    /// <exception cref="DistributedApplicationException">A parameter has no value.</exception>
    public async Task<Dictionary<string, string>> CollectAsync(IResource resource, CancellationToken cancellationToken)
    {
        var context = new EnvironmentCallbackContext(executionContext, resource, cancellationToken: cancellationToken);
        foreach (var contribution in resource.Annotations.OfType<EnvironmentCallbackAnnotation>())
        {
            await contribution.Callback(context);
        }

        var resolved = new Dictionary<string, string>();
        foreach (var (name, value) in context.EnvironmentVariables)
        {
            resolved[name] = value is IValueProvider provider
                ? await provider.GetValueAsync(cancellationToken) ?? ""
                : value.ToString() ?? "";
        }

        return resolved;
    }
}
