using System.Globalization;
using Aspire.Hosting.ApplicationModel;

namespace Aspire.Hosting.Running;

/// <summary>The processes of one resource, with the proxy in front of them when there are several.</summary>
internal sealed class RunningResource
{
    private readonly List<ChildProcess> _processes;
    private readonly ReplicaProxy? _proxy;
    private readonly List<Uri> _replicas;

    private RunningResource(IResource resource, List<ChildProcess> processes, ReplicaProxy? proxy = null, IEnumerable<Uri>? replicas = null)
    {
        Resource = resource;
        _processes = processes;
        _proxy = proxy;
        _replicas = [.. replicas ?? []];
    }

    public IResource Resource { get; }

    public IReadOnlyList<int> ProcessIds => [.. _processes.Select(process => process.Id)];

    /// <summary>Where each replica listens; empty when there is only one, which listens where the resource does.</summary>
    public IReadOnlyList<Uri> Replicas => _replicas;

    public int? ExitCode { get; private set; }

    /// <summary>Completes when a process has ended.</summary>
    public Task AnyExit => Task.WhenAny(_processes.Select(process => process.Exited));

    /// <summary>That a process has ended unasked, if one has.</summary>
    public string? Ended => Dead is { } dead ? $"exit code {dead.Exited.Result}" : null;

    public bool AllEnded => _processes.TrueForAll(process => process.Exited.IsCompleted);

    /// <summary>How the process ended that <see cref="Ended"/> speaks of, and what it said last.</summary>
    public (int ExitCode, IReadOnlyList<string> LastLines) Obituary => (Dead!.Exited.Result, Dead.LastLines);

    private ChildProcess? Dead => _processes.Find(process => process.Exited.IsCompleted);

    public static async Task<RunningResource> StartAsync(IResource resource, EnvironmentCollector environment, Action<string> onLine, CancellationToken cancellationToken)
    {
        var variables = await environment.CollectAsync(resource, cancellationToken);
        return resource switch
        {
            ProjectResource project => StartProject(project, variables, onLine),
            MongoDBServerResource server => new(server, [StartMongod(server, variables, onLine)]),
            _ => throw new DistributedApplicationException($"A {resource.GetType().Name} needs a container runtime, and the offline edition has none."),
        };
    }

    /// <summary>Leaves a replica that has ended out of account; the others go on.</summary>
    public void Forget()
    {
        var index = _processes.IndexOf(Dead!);
        _processes.RemoveAt(index);
        if (_replicas.Count > 0)
        {
            _replicas.RemoveAt(index);
        }
    }

    public async Task StopAsync()
    {
        if (_proxy is not null)
        {
            await _proxy.DisposeAsync();
        }

        await Task.WhenAll(_processes.Select(process => process.StopAsync()));
        ExitCode = _processes.Select(process => (int?)process.Exited.Result).FirstOrDefault();
        _processes.ForEach(process => process.Dispose());
    }

    private static RunningResource StartProject(ProjectResource project, Dictionary<string, string> variables, Action<string> onLine)
    {
        var metadata = project.Annotations.OfType<IProjectMetadata>().Last();
        var assembly = (metadata as IBuiltProjectMetadata)?.AssemblyPath ?? throw new DistributedApplicationException(
            $"It is not known where the build puts {Path.GetFileName(metadata.ProjectPath)}; the AppHost project has to import offline/Projects.targets.");
        if (!File.Exists(assembly))
        {
            throw new DistributedApplicationException($"{assembly} is not there. Build it with `dotnet build MasterX.sln`.");
        }

        var replicas = project.GetReplicaCount();
        var endpoints = project.GetEndpoints().ToArray();
        if (replicas == 1)
        {
            return new(project, [StartReplica(endpoints.Select(endpoint => endpoint.Url), 0)]);
        }

        // Several processes cannot share a port: each gets its own, and the declared one becomes the proxy's.
        int[] ports = [.. Enumerable.Range(0, replicas).Select(_ => PortAllocator.Free())];
        Uri[] addresses = [.. ports.Select(port => new Uri(string.Create(CultureInfo.InvariantCulture, $"http://localhost:{port}")))];
        List<ChildProcess> processes = [.. addresses.Select((address, index) => StartReplica([address.GetLeftPart(UriPartial.Authority)], index))];
        return new(project, processes, new ReplicaProxy(endpoints.Single(endpoint => endpoint.Scheme == "http").Port, ports), addresses);

        ChildProcess StartReplica(IEnumerable<string> urls, int index)
        {
            var own = new Dictionary<string, string>(variables)
            {
                ["ASPNETCORE_URLS"] = string.Join(';', urls),
                ["OTEL_RESOURCE_ATTRIBUTES"] = $"service.instance.id={Guid.NewGuid():N}",
            };
            return ChildProcess.Start(
                Environment.ProcessPath is { } host && Path.GetFileNameWithoutExtension(host) == "dotnet" ? host : "dotnet",
                [assembly], Path.GetDirectoryName(metadata.ProjectPath)!, own,
                replicas == 1 ? onLine : line => onLine(string.Create(CultureInfo.InvariantCulture, $"[{index}] {line}")));
        }
    }

    private static ChildProcess StartMongod(MongoDBServerResource server, Dictionary<string, string> variables, Action<string> onLine)
    {
        var mongod = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            .Select(folder => Path.Combine(folder, OperatingSystem.IsWindows() ? "mongod.exe" : "mongod"))
            .FirstOrDefault(File.Exists) ?? throw new DistributedApplicationException(
                "There is no mongod on the PATH. Install MongoDB, or run with Storage=embedded, or build the Aspire edition, which runs MongoDB in a container.");
        var data = server.TryGetLastAnnotation<DataVolumeAnnotation>(out var volume)
            ? HostPaths.Volume(volume.Name)
            : Directory.CreateTempSubdirectory("masterx-mongo-").FullName;
        Directory.CreateDirectory(data);
        return ChildProcess.Start(
            mongod,
            ["--bind_ip", "127.0.0.1", "--port", server.PrimaryEndpoint.Port.ToString(CultureInfo.InvariantCulture), "--dbpath", data],
            data, variables, onLine);
    }
}
