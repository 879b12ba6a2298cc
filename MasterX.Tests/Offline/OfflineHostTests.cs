using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Running;
using Aspire.Hosting.Testing;
using MasterX.Tests.Composition;
using MasterX.Tests.Hosts;

namespace MasterX.Tests.Offline;

/// <summary>What the offline host promises beyond the composition: Aspire's variables, and what happens when something goes wrong. Each test runs real processes.</summary>
public sealed class OfflineHostTests
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromMinutes(2);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_project_receives_what_Aspire_gives_it()
    {
        using var folder = new DataFolder();
        await using var builder = await CreateAsync(folder);
        await using var app = await builder.BuildAsync(Token);
        await app.StartAsync(Token);
        var started = await app.ResourceNotifications.WaitForResourceHealthyAsync("api", Token).WaitAsync(StartLimit, Token);

        var environment = EnvironmentOf(started.Snapshot.ProcessId!.Value);

        var gateway = app.GetEndpoint("aigateway").ToString().TrimEnd('/');
        Assert.Equal(gateway, environment["services__aigateway__http__0"]);
        Assert.Equal(gateway, environment["AIGATEWAY_HTTP"]);
        Assert.Equal(app.GetEndpoint("api").ToString().TrimEnd('/'), environment["ASPNETCORE_URLS"]);
        Assert.Equal("Development", environment["ASPNETCORE_ENVIRONMENT"]);
        Assert.Equal("http", environment["DOTNET_LAUNCH_PROFILE"]);
        Assert.Equal("api", environment["OTEL_SERVICE_NAME"]);
        Assert.Matches("^service.instance.id=.+$", environment["OTEL_RESOURCE_ATTRIBUTES"]);
        Assert.NotEmpty(environment["OTEL_EXPORTER_OTLP_ENDPOINT"]);
        Assert.NotEmpty(environment["OTEL_EXPORTER_OTLP_PROTOCOL"]);
        Assert.Equal(("1000", "1000", "1000"), (environment["OTEL_BLRP_SCHEDULE_DELAY"], environment["OTEL_BSP_SCHEDULE_DELAY"], environment["OTEL_METRIC_EXPORT_INTERVAL"]));
        Assert.Equal(("always_on", "trace_based"), (environment["OTEL_TRACES_SAMPLER"], environment["OTEL_METRICS_EXEMPLAR_FILTER"]));
        Assert.Equal("simple", environment["LOGGING__CONSOLE__FORMATTERNAME"]);
        Assert.Equal(32, environment["Gateway__Token"].Length);
    }

    [Fact]
    public async Task A_database_reference_carries_the_connection_string_and_its_parts()
    {
        await using var builder = await AppHostModel.DescribeAsync("--Storage=mongo");
        var mongo = (MongoDBServerResource)builder.Resources.Single(resource => resource.Name == "mongo");
        mongo.Annotations.OfType<EndpointAnnotation>().Single().Allocated = new("tcp", "localhost", 27099);
        foreach (var endpoint in builder.Resources.Where(resource => resource.Name == "aigateway").SelectMany(resource => resource.Annotations.OfType<EndpointAnnotation>()))
        {
            endpoint.Allocated = new("http", "localhost", 1);
        }

        var environment = await new EnvironmentCollector(builder.ExecutionContext).CollectAsync(builder.Resources.Single(resource => resource.Name == "api"), Token);

        Assert.Equal("mongodb://localhost:27099/masterx", environment["ConnectionStrings__masterx"]);
        Assert.Equal(("localhost", "27099", "masterx"), (environment["MASTERX_HOST"], environment["MASTERX_PORT"], environment["MASTERX_DATABASENAME"]));
        Assert.Equal("mongodb://localhost:27099/masterx", environment["MASTERX_URI"]);
    }

    [Fact]
    public async Task A_service_that_is_killed_is_reported_at_once_and_the_others_go_on()
    {
        using var folder = new DataFolder();
        await using var builder = await CreateAsync(folder);
        await using var app = await builder.BuildAsync(Token);
        await app.StartAsync(Token);
        var started = await app.ResourceNotifications.WaitForResourceHealthyAsync("api", Token).WaitAsync(StartLimit, Token);

        using (var process = Process.GetProcessById(started.Snapshot.ProcessId!.Value))
        {
            process.Kill();
        }

        var ended = await app.ResourceNotifications.WaitForResourceAsync("api", e => e.Snapshot.State?.Text == KnownResourceStates.Exited, Token).WaitAsync(StartLimit, Token);
        Assert.Equal(137, ended.Snapshot.ExitCode);
        await Assert.ThrowsAsync<DistributedApplicationException>(() => app.ResourceNotifications.WaitForResourceHealthyAsync("api", Token));
        using var gateway = app.CreateHttpClient("aigateway");
        using var answer = await gateway.GetAsync(new Uri("/health/ready", UriKind.Relative), Token);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
    }

    [Fact]
    public async Task Stopping_leaves_no_process_behind()
    {
        using var folder = new DataFolder();
        await using var builder = await CreateAsync(folder);
        List<int> processes = [];
        await using (var app = await builder.BuildAsync(Token))
        {
            await app.StartAsync(Token);
            await app.ResourceNotifications.WaitForResourceHealthyAsync("api", Token).WaitAsync(StartLimit, Token);
            foreach (var name in new[] { "api", "aigateway", "emulator" })
            {
                Assert.True(app.ResourceNotifications.TryGetCurrentState(name, out var state));
                processes.Add(state.Snapshot.ProcessId!.Value);
            }
        }

        Assert.All(processes, id => Assert.Throws<ArgumentException>(() => Process.GetProcessById(id)));
    }

    [Fact]
    public async Task Several_replicas_share_one_port_in_turn()
    {
        using var folder = new DataFolder();
        await using var builder = await CreateAsync(folder, "--Replicas=2");
        await using var app = await builder.BuildAsync(Token);
        await app.StartAsync(Token);
        await app.ResourceNotifications.WaitForResourceHealthyAsync("api", Token).WaitAsync(StartLimit, Token);
        var address = app.GetEndpoint("api");

        // Every connection goes to the next replica; each tells its own service.instance.id.
        HashSet<string> replicas = [];
        for (var i = 0; i < 4; i++)
        {
            using var client = new HttpClient { BaseAddress = address };
            var metrics = await client.GetStringAsync(new Uri("/metrics", UriKind.Relative), Token);
            var instance = Regex.Match(metrics, "service_instance_id=\"([0-9a-f]+)\"");
            Assert.True(instance.Success);
            replicas.Add(instance.Groups[1].Value);
        }

        Assert.Equal(2, replicas.Count);
    }

    [Fact]
    public async Task A_taken_port_names_the_port_and_the_way_to_change_it_and_nothing_starts()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var folder = new DataFolder();
        var builder = ProjectOnATakenPort.Describe(folder, ((IPEndPoint)listener.LocalEndpoint).Port);
        await using var app = builder.Build();

        var refused = await Assert.ThrowsAsync<DistributedApplicationException>(() => app.StartAsync(Token));

        Assert.Contains(((IPEndPoint)listener.LocalEndpoint).Port.ToString(CultureInfo.InvariantCulture), refused.Message, StringComparison.Ordinal);
        Assert.Contains("Properties/launchSettings.json", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_AppHost_that_cannot_start_ends_with_a_message_and_exit_code_1()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var folder = new DataFolder();
        var builder = ProjectOnATakenPort.Describe(folder, ((IPEndPoint)listener.LocalEndpoint).Port);
        try
        {
            // As AppHost.cs ends: no exception comes out of it.
            builder.Build().Run();

            Assert.Equal(1, Environment.ExitCode);
        }
        finally
        {
            // It is this process's exit code too.
            Environment.ExitCode = 0;
        }
    }

    [Fact]
    public async Task Without_a_mongod_MongoDB_says_what_to_do()
    {
        Assert.SkipWhen(File.Exists("/usr/bin/mongod"), "This machine has a mongod; the test is about one that has none.");
        using var folder = new DataFolder();
        await using var builder = await AppHostModel.DescribeAsync("--Storage=mongo");
        await using var app = await builder.BuildAsync(Token);
        await app.StartAsync(Token);

        var failed = await app.ResourceNotifications.WaitForResourceAsync("mongo", e => e.Snapshot.State?.Text == KnownResourceStates.FailedToStart, Token).WaitAsync(StartLimit, Token);

        Assert.Contains("Storage=embedded", failed.Snapshot.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Publishing_is_refused_with_what_to_do()
    {
        var host = new DistributedApplicationBuilder(["--operation", "publish"]);
        await using var app = host.Build();

        var refused = await Assert.ThrowsAsync<DistributedApplicationException>(() => app.RunAsync(Token));

        Assert.Contains("UseAspire=true", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_reference_injects_no_more_than_it_was_told_to()
    {
        var builder = DistributedApplication.CreateBuilder(["--ConnectionStrings:elsewhere=mongodb://db.example.com/masterx"]);
        var service = builder.AddResource(new ProjectResource("service"))
            .WithReferenceEnvironment(ReferenceEnvironmentInjectionFlags.ConnectionString)
            .WithReference(builder.AddConnectionString("elsewhere"))
            .WithReference(builder.AddMongoDB("mongo").AddDatabase("masterx"))
            .WithEnvironment("LITERAL", builder.AddParameter("literal", "a value"));
        builder.Resources.OfType<MongoDBServerResource>().Single().Annotations.OfType<EndpointAnnotation>().Single().Allocated = new("tcp", "localhost", 27099);

        var environment = await new EnvironmentCollector(builder.ExecutionContext).CollectAsync(service.Resource, Token);

        Assert.Equal(["ConnectionStrings__elsewhere", "ConnectionStrings__masterx", "LITERAL"], environment.Keys.Order());
        Assert.Equal("mongodb://db.example.com/masterx", environment["ConnectionStrings__elsewhere"]);
        Assert.Equal("a value", environment["LITERAL"]);
    }

    [Fact]
    public void A_parameter_without_a_value_says_how_to_give_one()
    {
        var builder = DistributedApplication.CreateBuilder([]);
        var parameter = builder.AddParameter("some-key", secret: true);

        var missing = Assert.Throws<DistributedApplicationException>(() => parameter.Resource.GetValueAsync(Token).AsTask().GetAwaiter().GetResult());

        Assert.Contains("Parameters__some_key", missing.Message, StringComparison.Ordinal);
    }

    private static Task<IDistributedApplicationTestingBuilder> CreateAsync(DataFolder folder, params string[] args) =>
        AppHostModel.DescribeAsync(["--Storage=embedded", $"--DataDirectory={folder.Path}", .. args]);

    private static Dictionary<string, string> EnvironmentOf(int process) => File.ReadAllText($"/proc/{process}/environ")
        .Split('\0', StringSplitOptions.RemoveEmptyEntries)
        .Select(variable => variable.Split('=', 2))
        .ToDictionary(pair => pair[0], pair => pair[1]);

    private sealed class ProjectOnATakenPort : IProjectMetadata
    {
        private static readonly AsyncLocal<string?> Folder = new();

        public string ProjectPath => Path.Combine(Folder.Value!, "Service.csproj");

        /// <summary>A composition of one project whose declared port is the given one.</summary>
        public static IDistributedApplicationBuilder Describe(DataFolder folder, int port)
        {
            Folder.Value = folder.Path;
            Directory.CreateDirectory(Path.Combine(folder.Path, "Properties"));
            File.WriteAllText(
                Path.Combine(folder.Path, "Properties", "launchSettings.json"),
                """{"profiles":{"http":{"commandName":"Project","applicationUrl":"http://localhost:PORT"}}}""".Replace("PORT", port.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal));
            var builder = DistributedApplication.CreateBuilder([]);
            builder.AddProject<ProjectOnATakenPort>("service");
            return builder;
        }
    }
}
