using System.Globalization;
using System.Net.Http.Headers;
using Aspire.Hosting;
using Aspire.Hosting.Testing;
using MasterX.Tests.Hosts;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace MasterX.Tests.Composition;

/// <summary>The whole composition under Aspire's test host: real processes, real HTTP between them, free ports, a data folder of its own.</summary>
internal sealed class StartedComposition : IAsyncDisposable
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromMinutes(2);

    private readonly DataFolder _folder;
    private readonly IDistributedApplicationTestingBuilder _builder;

    private StartedComposition(DataFolder folder, IDistributedApplicationTestingBuilder builder, DistributedApplication app) =>
        (_folder, _builder, App) = (folder, builder, app);

    public DistributedApplication App { get; }

    /// <param name="configure">Has the last word on the model.</param>
    /// <param name="dashboard">Whether the dashboard is part of it.</param>
    /// <param name="arguments">Of the AppHost's command line; the storage is the embedded one unless they say otherwise.</param>
    /// <returns>Once the API, which waits for all others, is healthy.</returns>
    public static async Task<StartedComposition> StartAsync(
        Action<IDistributedApplicationTestingBuilder>? configure = null, bool dashboard = false, params IReadOnlyList<string> arguments)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(StartLimit);
        var folder = new DataFolder();
        string[] storage = arguments.Any(argument => argument.StartsWith("--Storage=", StringComparison.Ordinal))
            ? [] : ["--Storage=embedded", $"--DataDirectory={folder.Path}"];
        var described = await AppHostModel.DescribeAsync(dashboard, [.. arguments, .. storage]);
        configure?.Invoke(described);

        // What the services print is in their own logs; here it would bury the tests' results.
        described.Services.AddLogging(logging => logging.ClearProviders());
        var started = new StartedComposition(folder, described, await described.BuildAsync(limit.Token));
        try
        {
            await started.App.StartAsync(limit.Token);
            await started.App.ResourceNotifications.WaitForResourceHealthyAsync("api", limit.Token);
            return started;
        }
        catch
        {
            await started.DisposeAsync();
            throw;
        }
    }

    /// <summary>At a service, with the development key.</summary>
    public HttpClient ClientOf(string service)
    {
        var client = App.CreateHttpClient(service);
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", "mx-dev");
        return client;
    }

    /// <summary>The processes that listen: Aspire starts a service by <c>dotnet run</c>, whose child is the service.</summary>
    public async Task<IReadOnlyDictionary<string, int>> ProcessesOfAsync(string service, int replicas = 1)
    {
        Dictionary<string, int> wrappers = [];
        await foreach (var change in App.ResourceNotifications.WatchAsync(TestContext.Current.CancellationToken))
        {
            if (change.Resource.Name == service && change.Snapshot.Properties.FirstOrDefault(property => property.Name == "executable.pid")?.Value is { } pid)
            {
                wrappers[change.ResourceId] = Convert.ToInt32(pid, CultureInfo.InvariantCulture);
            }

            if (wrappers.Count == replicas)
            {
                break;
            }
        }

        return wrappers.ToDictionary(
            wrapper => wrapper.Key,
            wrapper => int.Parse(File.ReadAllText($"/proc/{wrapper.Value}/task/{wrapper.Value}/children").Split(' ')[0], CultureInfo.InvariantCulture));
    }

    public async ValueTask DisposeAsync()
    {
        await App.DisposeAsync();
        await _builder.DisposeAsync();
        _folder.Dispose();
    }
}
