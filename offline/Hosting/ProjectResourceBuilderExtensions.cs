using System.Net.Sockets;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Running;

namespace Aspire.Hosting;

/// <summary>Adds projects of the solution.</summary>
public static class ProjectResourceBuilderExtensions
{
    /// <summary>Adds a project. Its endpoints are those of its <c>Properties/launchSettings.json</c>.</summary>
    /// <typeparam name="TProject">The generated class in <c>Projects</c>.</typeparam>
    public static IResourceBuilder<ProjectResource> AddProject<TProject>(this IDistributedApplicationBuilder builder, string name)
        where TProject : IProjectMetadata, new()
    {
        var metadata = new TProject();
        var project = builder.AddResource(new ProjectResource(name)).WithAnnotation<IProjectMetadata>(metadata);
        var profile = LaunchProfile.Read(metadata.ProjectPath);
        foreach (var url in profile.Urls)
        {
            // Published endpoints get their ports from the platform.
            int? port = builder.ExecutionContext.IsRunMode ? url.Port : null;
            project.WithAnnotation(new EndpointAnnotation(ProtocolType.Tcp, url.Scheme, port: port));
        }

        return project.WithEnvironment(context => ProjectEnvironment.Add(context, project.Resource, profile, builder.Configuration));
    }

    /// <summary>Runs several processes of a project behind one endpoint, connections shared out in turn.</summary>
    /// <param name="builder">The project.</param>
    /// <param name="replicas">1 or more.</param>
    public static IResourceBuilder<ProjectResource> WithReplicas(this IResourceBuilder<ProjectResource> builder, int replicas)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(replicas, 1);
        return builder.WithAnnotation(new ReplicaAnnotation(replicas));
    }
}
