namespace Aspire.Hosting;

/// <summary>What the AppHost was asked to do.</summary>
public enum DistributedApplicationOperation
{
    /// <summary>Run the composition here.</summary>
    Run = 0,

    /// <summary>Describe it for a deployment.</summary>
    Publish = 1,
}

/// <summary>What the AppHost was asked to do, as seen by the composition.</summary>
/// <param name="operation">Run or publish.</param>
public class DistributedApplicationExecutionContext(DistributedApplicationOperation operation)
{
    /// <summary>Run or publish.</summary>
    public DistributedApplicationOperation Operation { get; } = operation;

    /// <summary>Whether the composition runs here.</summary>
    public bool IsRunMode => Operation == DistributedApplicationOperation.Run;

    /// <summary>Whether it is only described, for a deployment.</summary>
    public bool IsPublishMode => Operation == DistributedApplicationOperation.Publish;
}

/// <summary>An error of the composition: a name used twice, a value missing, a resource that cannot run.</summary>
public sealed class DistributedApplicationException : Exception
{
    /// <summary>An error without a message.</summary>
    public DistributedApplicationException()
    {
    }

    /// <summary>An error.</summary>
    public DistributedApplicationException(string message)
        : base(message)
    {
    }

    /// <summary>An error with its cause.</summary>
    public DistributedApplicationException(string message, Exception inner)
        : base(message, inner)
    {
    }
}

/// <summary>How the composition is built.</summary>
public sealed class DistributedApplicationOptions
{
    /// <summary>Command line of the AppHost.</summary>
    public string[]? Args { get; set; }

    /// <summary>Assembly of the AppHost; the entry assembly unless given.</summary>
    public string? AssemblyName { get; set; }
}
