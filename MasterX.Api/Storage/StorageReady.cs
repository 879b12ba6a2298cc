namespace MasterX.Api.Storage;

/// <summary>Tells those who work behind the requests' backs that the database has its tables.</summary>
internal sealed class StorageReady
{
    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task Task => _ready.Task;

    public void Tell() => _ready.TrySetResult();
}
