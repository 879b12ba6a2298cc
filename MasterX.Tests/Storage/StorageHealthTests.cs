using System.Net;
using MasterX.Api.Storage;
using MasterX.Api.Storage.Embedded;
using MasterX.Tests.Api;
using MasterX.Tests.Hosts;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection;

namespace MasterX.Tests.Storage;

/// <summary>Health tells whether something can be written, and that it stays where it is written.</summary>
public sealed class StorageHealthTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_database_file_that_was_removed_or_replaced_is_told_and_nothing_is_acknowledged_any_more(bool isReplaced)
    {
        using var folder = new DataFolder();
        await using var api = new ApiHost(folder: folder);
        await api.WaitReadyAsync();
        var file = Path.Combine(folder.Path, "masterx.db");
        File.Delete(file);
        if (isReplaced)
        {
            await File.WriteAllTextAsync(file, "", Token);
            await api.Services.GetRequiredService<StorageWatch>().LookAsync(Token);
        }

        await UntilAsync(api, HttpStatusCode.ServiceUnavailable);
        using var created = await api.Http.SendAsync("POST", "/api/users", new { name = "a", email = "a@example.com" });
        using var health = await api.Anonymous.SendAsync("GET", "/health");

        Assert.Equal(HttpStatusCode.ServiceUnavailable, created.StatusCode);
        Assert.Contains("removed or replaced", (await health.JsonAsync()).Text("checks", "database", "description"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_database_that_another_locks_is_not_ready_until_it_is_free_again()
    {
        using var folder = new DataFolder();
        await using var api = new ApiHost([("Embedded:BusyTimeout", "00:00:01"), ("StorageProbeInterval", "00:00:01")], folder: folder);
        await api.WaitReadyAsync();
        using var other = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = Path.Combine(folder.Path, "masterx.db"), Pooling = false }.ToString());
        await other.OpenAsync(Token);
        await using (var locking = other.BeginTransaction(deferred: false))
        {
            await UntilAsync(api, HttpStatusCode.ServiceUnavailable);
            using var health = await api.Anonymous.SendAsync("GET", "/health");
            Assert.Contains("locked by another process", (await health.JsonAsync()).Text("checks", "database", "description"), StringComparison.Ordinal);
        }

        await UntilAsync(api, HttpStatusCode.OK);
    }

    [Fact]
    public async Task A_disk_with_little_room_is_degraded_and_ready()
    {
        await using var api = new ApiHost([("Embedded:LeastFreeMegabytes", "2000000000"), ("StorageProbeInterval", "00:00:01")]);
        await api.WaitReadyAsync();
        await ApiCalls.UntilAsync(async () => (await api.Http.GetJsonAsync("/health")).Text("checks", "database", "status") == "degraded", "the disk to be told of");

        var health = await api.Http.GetJsonAsync("/health");
        Assert.Contains("Embedded__LeastFreeMegabytes", health.Text("checks", "database", "description"), StringComparison.Ordinal);
        await UntilAsync(api, HttpStatusCode.OK);
    }

    [Fact]
    public async Task Two_processes_that_share_a_file_do_not_take_it_for_replaced()
    {
        using var folder = new DataFolder();
        using EmbeddedDatabase one = new(folder.Path), two = new(folder.Path);
        await one.InitializeAsync(Token);
        await two.InitializeAsync(Token);

        for (var i = 0; i < 20; i++)
        {
            Assert.Equal([null, null], await Task.WhenAll(one.ProbeAsync(Token), two.ProbeAsync(Token)));
        }
    }

    [Fact]
    [System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
    public async Task What_is_in_the_database_is_its_owners_alone()
    {
        if (OperatingSystem.IsWindows())
        {
            Assert.Skip("Windows has no modes.");
        }

        using var folder = new DataFolder();
        var data = Path.Combine(folder.Path, "made", "data");
        using var database = new EmbeddedDatabase(data);
        await database.InitializeAsync(Token);
        await database.ProbeAsync(Token);
        var backup = Path.Combine(folder.Path, "backup.db");
        database.BackUp(backup);

        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(data));
        Assert.All([.. Directory.GetFiles(data), backup], file => Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file)));
        Assert.Equal(3, Directory.GetFiles(data).Length);
    }

    private static Task UntilAsync(ApiHost api, HttpStatusCode status) => ApiCalls.UntilAsync(
        async () =>
        {
            using var ready = await api.Anonymous.SendAsync("GET", "/health/ready");
            return ready.StatusCode == status;
        },
        $"readiness to be {status}");
}
