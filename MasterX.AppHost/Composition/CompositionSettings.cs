using System.Globalization;
using Microsoft.Extensions.Configuration;

namespace MasterX.AppHost;

/// <summary>What a developer says about a composition, by arguments, environment variables or user secrets.</summary>
internal sealed class CompositionSettings
{
    /// <summary>More would be a mistake on one machine.</summary>
    private const int MostReplicas = 32;

    private static readonly string[] Services = ["api", "aigateway", "emulator"];

    private readonly IConfiguration _configuration;
    private readonly List<string> _problems = [];

    private CompositionSettings(IConfiguration configuration) => _configuration = configuration;

    /// <summary>One of <see cref="StorageKind"/>.</summary>
    public string Storage { get; private set; } = StorageKind.Mongo;

    /// <summary>Of the embedded database; the API's default unless given.</summary>
    public string? DataDirectory => Setting("DataDirectory");

    /// <summary>Whether <c>ConnectionStrings:masterx</c> names a MongoDB that is there already.</summary>
    public bool HasConnectionString => !string.IsNullOrEmpty(_configuration.GetConnectionString("masterx"));

    /// <summary>Whether Redis is part of it.</summary>
    public bool Redis { get; private set; }

    /// <summary>How many processes of the API, from 1.</summary>
    public int Replicas { get; private set; } = 1;

    /// <summary>How the storage was chosen, where nobody chose it.</summary>
    public string? StorageNote { get; private set; }

    /// <summary>What is wrong with the settings, each with what to do.</summary>
    public IReadOnlyList<string> Problems => _problems;

    public static CompositionSettings Read(IDistributedApplicationBuilder builder)
    {
        var settings = new CompositionSettings(builder.Configuration);
        settings.ReadReplicas();
        settings.ReadRedis();
        settings.ReadPorts();
        settings.ReadStorage(builder.ExecutionContext.IsPublishMode);
        if (settings.DataDirectory is { } directory && !Path.IsPathFullyQualified(directory))
        {
            settings._problems.Add($"DataDirectory is '{directory}'; it must be an absolute path, as the AppHost and the API start in folders of their own.");
        }

        if (settings.Setting("RunFile") is { } file && !Directory.Exists(Path.GetDirectoryName(Path.GetFullPath(file))))
        {
            settings._problems.Add($"RunFile is '{file}'; the folder that it is to be written to does not exist.");
        }

        if (settings.Redis && builder.ExecutionContext.IsRunMode && ContainerRuntime.Find() is null)
        {
            settings._problems.Add($"Redis=true needs a container runtime, and {ContainerRuntime.NotFound}");
        }

        return settings;
    }

    /// <summary>Whether a parameter has a value. A hyphen cannot stand in the name of an environment variable: an underscore does as well.</summary>
    public bool IsGiven(string parameter) => IsGiven(_configuration, parameter);

    /// <inheritdoc cref="IsGiven(string)" />
    public static bool IsGiven(IConfiguration configuration, string parameter) =>
        !string.IsNullOrEmpty(configuration[$"Parameters:{parameter}"] ?? configuration[$"Parameters:{parameter.Replace('-', '_')}"]);

    /// <summary>Of a service, in place of the one in its launch profile.</summary>
    public static int? PortOf(IConfiguration configuration, string service) =>
        int.TryParse(configuration[$"Ports:{service}"], NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port is >= 1 and <= ushort.MaxValue ? port : null;

    /// <summary>Where to tell programs what runs, if anywhere.</summary>
    public static RunFile? RunFile(IConfiguration configuration) => configuration["RunFile"] is { Length: > 0 } path ? new RunFile(path) : null;

    /// <summary>An empty variable is as good as none.</summary>
    private string? Setting(string name) => _configuration[name] is { Length: > 0 } text ? text : null;

    private void ReadReplicas()
    {
        var text = Setting("Replicas");
        if (text is null)
        {
            return;
        }

        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var replicas) && replicas is >= 1 and <= MostReplicas)
        {
            Replicas = replicas;
        }
        else
        {
            _problems.Add($"Replicas is '{text}'; it must be a whole number from 1 to {MostReplicas}, such as Replicas=2.");
        }
    }

    private void ReadPorts()
    {
        foreach (var port in _configuration.GetSection("Ports").GetChildren())
        {
            if (!Services.Contains(port.Key, StringComparer.OrdinalIgnoreCase))
            {
                _problems.Add($"Ports:{port.Key} is for no service; there are {string.Join(", ", Services)}.");
            }
            else if (port.Value is { Length: > 0 } text && PortOf(_configuration, port.Key) is null)
            {
                _problems.Add($"Ports:{port.Key} is '{text}'; it must be a port from 1 to {ushort.MaxValue}, such as Ports:api=6080.");
            }
        }
    }

    private void ReadRedis()
    {
        if (Setting("Redis") is { } text)
        {
            if (bool.TryParse(text, out var redis))
            {
                Redis = redis;
            }
            else
            {
                _problems.Add($"Redis is '{text}'; it must be true or false.");
            }
        }
    }

    private void ReadStorage(bool isPublished)
    {
        var text = Setting("Storage");
        if (text is not (null or StorageKind.Mongo or StorageKind.Embedded))
        {
            _problems.Add($"Storage is '{text}'; it must be {StorageKind.Mongo} or {StorageKind.Embedded}. Without it, MongoDB is chosen where a container runtime answers.");
        }
        else if (text is StorageKind.Embedded && isPublished)
        {
            _problems.Add("Storage=embedded is for one machine and is not published. Leave Storage out, or give ConnectionStrings__masterx for a MongoDB that is there already.");
        }
        else if (text is StorageKind.Embedded && HasConnectionString)
        {
            _problems.Add("Storage=embedded and ConnectionStrings:masterx contradict each other. Leave one of them out.");
        }
        else if (text is StorageKind.Embedded || isPublished || HasConnectionString)
        {
            Storage = text ?? StorageKind.Mongo;
        }
        else if (ContainerRuntime.Find() is { } runtime)
        {
            if (text is null)
            {
                ChooseStorage(runtime);
            }
        }
        else if (text is null)
        {
            Storage = StorageKind.Embedded;
            StorageNote = $"Storage: the embedded database, as no container runtime answers. With Docker or Podman running it is MongoDB.";
        }
        else
        {
            _problems.Add($"Storage={StorageKind.Mongo} needs a container runtime, and {ContainerRuntime.NotFound} Or leave Storage out, for the embedded database.");
        }
    }

    /// <summary>Where nobody chose it and a container runtime answers. One that is asked for with an image that cannot be had is a problem (<see cref="MissingImages"/>).</summary>
    private void ChooseStorage(string runtime)
    {
        if (ContainerRuntime.WhyLacks(StorageKind.MongoImage) is { } why)
        {
            Storage = StorageKind.Embedded;
            StorageNote = $"Storage: the embedded database, as {runtime} answers but has no image {StorageKind.MongoImage} and cannot get it ({why}). Once it is there, it is MongoDB.";
        }
        else
        {
            StorageNote = $"Storage: MongoDB in a container, as {runtime} answers. Storage={StorageKind.Embedded} does without.";
        }
    }
}
