namespace Aspire.Hosting;

/// <summary>
/// Lets the testing builder run the AppHost's own entry point and stop it at <c>CreateBuilder</c>, <c>Build</c> and <c>Run</c>.
/// It flows with the thread that runs the entry point, so that several can run side by side.
/// </summary>
internal sealed class EntryPointInterception(string[] args, string assemblyName)
{
    public static readonly AsyncLocal<EntryPointInterception?> Current = new();

    private readonly TaskCompletionSource _mayBuild = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public TaskCompletionSource<DistributedApplicationBuilder> Builder { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public TaskCompletionSource<DistributedApplication> Application { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The entry point has called <c>CreateBuilder</c> with its own arguments; the test's come after, and so win.</summary>
    public DistributedApplicationOptions OnCreating(string[]? ownArgs) =>
        new() { Args = [.. ownArgs ?? [], .. args], AssemblyName = assemblyName };

    /// <summary>The entry point has described everything: hand the builder to the test, and wait until the test builds it or leaves.</summary>
    public void OnBuilding(DistributedApplicationBuilder builder)
    {
        Builder.TrySetResult(builder);
        _mayBuild.Task.Wait();
    }

    public void LetBuild() => _mayBuild.TrySetResult();

    public void OnBuilt(DistributedApplication application) => Application.TrySetResult(application);

    /// <summary>The entry point has called <c>Run</c>; the test starts and stops the application instead.</summary>
    public Task OnRunning() => _ended.Task;

    public void OnFailed(Exception error)
    {
        Builder.TrySetException(error);
        Application.TrySetException(error);
    }

    public void End()
    {
        _mayBuild.TrySetException(new OperationCanceledException("The test ended without building the application."));
        _ended.TrySetResult();
    }
}
