namespace MasterX.Tests.Hosts;

/// <summary>A folder of a test's own, gone when the test is.</summary>
internal sealed class DataFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("masterx-test-").FullName;

    /// <summary>
    /// Waits until the embedded database in it is closed by everybody: its log goes with the last connection. A host that was disposed may still be closing
    /// it, on the thread of the service's own <c>Main</c>.
    /// </summary>
    public async Task WaitClosedAsync()
    {
        while (Directory.EnumerateFiles(Path, "*-wal").Any())
        {
            await Task.Delay(20, TestContext.Current.CancellationToken);
        }
    }

    public void Dispose()
    {
        try
        {
            Directory.Delete(Path, recursive: true);
        }
        catch (IOException)
        {
            // A process that was killed a moment ago may still hold a file; the system's own cleaning takes care of it.
        }
    }
}
