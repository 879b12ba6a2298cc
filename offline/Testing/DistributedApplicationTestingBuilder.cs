using System.Reflection;
using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Aspire.Hosting.Testing;

/// <summary>Runs the AppHost's own entry point under a test.</summary>
public static class DistributedApplicationTestingBuilder
{
    /// <summary>Runs the entry point of an AppHost up to its <c>Build</c>, with every port free rather than declared.</summary>
    /// <typeparam name="TEntryPoint">Any public type of the AppHost's assembly, usually <c>Projects.{AppHost}</c>.</typeparam>
    /// <param name="cancellationToken">Ends the wait.</param>
    public static Task<IDistributedApplicationTestingBuilder> CreateAsync<TEntryPoint>(CancellationToken cancellationToken = default)
        where TEntryPoint : class => CreateAsync<TEntryPoint>([], cancellationToken);

    /// <inheritdoc cref="CreateAsync{TEntryPoint}(CancellationToken)" />
    /// <param name="args">Command line of the AppHost.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public static async Task<IDistributedApplicationTestingBuilder> CreateAsync<TEntryPoint>(string[] args, CancellationToken cancellationToken = default)
        where TEntryPoint : class
    {
        var assembly = typeof(TEntryPoint).Assembly;
        var interception = new EntryPointInterception([.. args, "--Offline:Testing=true"], assembly.GetName().Name!);
        new Thread(() => RunEntryPoint(assembly, interception)) { IsBackground = true, Name = $"{assembly.GetName().Name} entry point" }.Start();
        return new TestingBuilder(await interception.Builder.Task.WaitAsync(cancellationToken), interception);
    }

    private static void RunEntryPoint(Assembly assembly, EntryPointInterception interception)
    {
        EntryPointInterception.Current.Value = interception;
        try
        {
            var entryPoint = assembly.EntryPoint ?? throw new InvalidOperationException($"{assembly.GetName().Name} has no entry point.");
            var result = entryPoint.Invoke(null, entryPoint.GetParameters().Length == 0 ? null : [Array.Empty<string>()]);
            (result as Task)?.GetAwaiter().GetResult();
        }
        catch (TargetInvocationException error)
        {
            interception.OnFailed(error.InnerException ?? error);
        }
    }

    private sealed class TestingBuilder(DistributedApplicationBuilder builder, EntryPointInterception interception) : IDistributedApplicationTestingBuilder
    {
        public ConfigurationManager Configuration => builder.Configuration;

        public string AppHostDirectory => builder.AppHostDirectory;

        public Assembly? AppHostAssembly => builder.AppHostAssembly;

        public IHostEnvironment Environment => builder.Environment;

        public IServiceCollection Services => builder.Services;

        public DistributedApplicationExecutionContext ExecutionContext => builder.ExecutionContext;

        public IResourceCollection Resources => builder.Resources;

        public IResourceBuilder<T> AddResource<T>(T resource)
            where T : IResource => builder.AddResource(resource);

        public IResourceBuilder<T> CreateResourceBuilder<T>(T resource)
            where T : IResource => builder.CreateResourceBuilder(resource);

        public DistributedApplication Build() => BuildAsync().GetAwaiter().GetResult();

        public async Task<DistributedApplication> BuildAsync(CancellationToken cancellationToken = default)
        {
            interception.LetBuild();
            return await interception.Application.Task.WaitAsync(cancellationToken);
        }

        public void Dispose() => interception.End();

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}

/// <summary>A composition under test, before it is built.</summary>
public interface IDistributedApplicationTestingBuilder : IDistributedApplicationBuilder, IAsyncDisposable, IDisposable
{
    /// <summary>Lets the entry point go on to its <c>Build</c>, and returns the application without starting it.</summary>
    Task<DistributedApplication> BuildAsync(CancellationToken cancellationToken = default);
}
