using System.Reflection;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Running;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Aspire.Hosting;

/// <summary>The offline implementation of <see cref="IDistributedApplicationBuilder"/>.</summary>
public class DistributedApplicationBuilder : IDistributedApplicationBuilder
{
    private readonly HostApplicationBuilder _host;

    /// <summary>Begins a composition.</summary>
    /// <param name="args">Command line of the AppHost.</param>
    public DistributedApplicationBuilder(string[] args)
        : this(new DistributedApplicationOptions { Args = args })
    {
    }

    /// <summary>Begins a composition.</summary>
    /// <param name="options">How it is built.</param>
    public DistributedApplicationBuilder(DistributedApplicationOptions options)
    {
        AppHostAssembly = options.AssemblyName is { } name ? Assembly.Load(name) : Assembly.GetEntryAssembly();
        AppHostDirectory = AppHostAssembly?.GetType("Projects." + AppHostAssembly.GetName().Name!.Replace('.', '_'))?
            .GetProperty("ProjectPath", BindingFlags.Public | BindingFlags.Static)?.GetValue(null) as string ?? Directory.GetCurrentDirectory();

        _host = Host.CreateApplicationBuilder(new HostApplicationBuilderSettings
        {
            Args = options.Args,
            ApplicationName = AppHostAssembly?.GetName().Name,
            ContentRootPath = Directory.Exists(AppHostDirectory) ? AppHostDirectory : Directory.GetCurrentDirectory(),
            EnvironmentName = HostEnvironmentName(),
        });

        // Lowest priority, so that anything said anywhere wins. Offline there is no container runtime for MongoDB.
        ((IConfigurationBuilder)_host.Configuration).Sources.Insert(0, new Microsoft.Extensions.Configuration.Memory.MemoryConfigurationSource
        {
            InitialData = [new("Storage", "embedded")],
        });

        ExecutionContext = new(string.Equals(_host.Configuration["AppHost:Operation"] ?? _host.Configuration["operation"], "publish", StringComparison.OrdinalIgnoreCase)
            ? DistributedApplicationOperation.Publish
            : DistributedApplicationOperation.Run);

        // The host's own chatter would drown the resources' lines; what matters is shown by ResourceConsole.
        _host.Logging.ClearProviders();
        _host.Services.AddSingleton(ExecutionContext);
        _host.Services.AddSingleton(new DistributedApplicationModel(Resources));
        _host.Services.AddSingleton(new HostPaths(AppHostDirectory));
        _host.Services.AddSingleton<ResourceNotificationService>();
        _host.Services.AddSingleton<ResourceConsole>();
        _host.Services.AddSingleton<EnvironmentCollector>();
        _host.Services.AddSingleton<HealthProbe>();
        _host.Services.AddHostedService<ResourceOrchestrator>();
        _host.Services.AddHttpClient();
        _host.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(15));
    }

    /// <inheritdoc />
    public ConfigurationManager Configuration => (ConfigurationManager)_host.Configuration;

    /// <inheritdoc />
    public string AppHostDirectory { get; }

    /// <inheritdoc />
    public Assembly? AppHostAssembly { get; }

    /// <inheritdoc />
    public IHostEnvironment Environment => _host.Environment;

    /// <inheritdoc />
    public IServiceCollection Services => _host.Services;

    /// <inheritdoc />
    public DistributedApplicationExecutionContext ExecutionContext { get; }

    /// <inheritdoc />
    public IResourceCollection Resources { get; } = new ResourceCollection();

    /// <inheritdoc />
    public IResourceBuilder<T> AddResource<T>(T resource)
        where T : IResource
    {
        Resources.Add(resource);
        return CreateResourceBuilder(resource);
    }

    /// <inheritdoc />
    public IResourceBuilder<T> CreateResourceBuilder<T>(T resource)
        where T : IResource => new ResourceBuilder<T>(this, resource);

    /// <inheritdoc />
    public DistributedApplication Build()
    {
        EntryPointInterception.Current.Value?.OnBuilding(this);
        var application = new DistributedApplication(_host.Build());
        EntryPointInterception.Current.Value?.OnBuilt(application);
        return application;
    }

    private static string HostEnvironmentName() =>
        System.Environment.GetEnvironmentVariable("DOTNET_ENVIRONMENT") ??
        System.Environment.GetEnvironmentVariable("ASPNETCORE_ENVIRONMENT") ?? Environments.Development;
}
