using System.Text.Json;
using MasterX.Tests.Hosts;

namespace MasterX.Tests.Composition;

/// <summary>What azd reads: the manifest that the AppHost writes when it is asked to publish.</summary>
public sealed class ManifestTests
{
    private static readonly string[] Secrets = ["gateway-token", "admin-key", "gemini-api-key", "groq-api-key", "openai-api-key", "mongo-password"];

    [Fact]
    public async Task It_has_the_services_and_MongoDB_and_no_emulator()
    {
        var resources = await PublishAsync([]);

        Assert.Equal("project.v0", resources.GetProperty("api").Text("type"));
        Assert.Equal("project.v0", resources.GetProperty("aigateway").Text("type"));
        Assert.StartsWith("container.v", resources.GetProperty("mongo").Text("type"), StringComparison.Ordinal);
        Assert.Equal("/data/db", resources.Text("mongo", "volumes", "0", "target"));
        Assert.False(resources.TryGetProperty("emulator", out _));
        Assert.False(resources.TryGetProperty("redis", out _));
    }

    [Fact]
    public async Task Only_the_API_is_reachable_from_outside()
    {
        var resources = await PublishAsync([]);

        var external = resources.EnumerateObject().Where(resource => resource.Value.GetRawText().Contains("\"external\": true", StringComparison.Ordinal));
        Assert.Equal(["api"], external.Select(resource => resource.Name));
    }

    [Fact]
    public async Task Every_secret_is_asked_for_or_made_and_none_is_in_it()
    {
        var resources = await PublishAsync([("Parameters__gemini_api_key", "a-key-of-a-developer"), ("Parameters__admin_key", "mx_a-key-of-a-developer")]);

        foreach (var name in Secrets)
        {
            var parameter = resources.GetProperty(name);
            Assert.Equal("parameter.v0", parameter.Text("type"));
            Assert.True(parameter.GetProperty("inputs").GetProperty("value").GetProperty("secret").GetBoolean(), name);
        }

        Assert.DoesNotContain("a-key-of-a-developer", resources.GetRawText(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_MongoDB_that_is_there_already_takes_the_containers_place()
    {
        var resources = await PublishAsync([("ConnectionStrings__masterx", "mongodb://somewhere/masterx")]);

        Assert.False(resources.TryGetProperty("mongo", out _));
        Assert.Equal("{masterx.connectionString}", resources.Text("api", "env", "ConnectionStrings__masterx"));
        Assert.Equal("mongo", resources.Text("api", "env", "Storage"));
        Assert.DoesNotContain("somewhere", resources.GetRawText(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Redis_is_part_of_it_when_asked_for()
    {
        var resources = await PublishAsync([("Redis", "true"), ("Replicas", "3")]);

        Assert.Equal("{redis.connectionString}", resources.Text("api", "env", "ConnectionStrings__redis"));
        Assert.Equal("{redis.connectionString}", resources.Text("aigateway", "env", "ConnectionStrings__redis"));
        Assert.Equal("3", resources.Text("api", "env", "Redis__Replicas"));
    }

    [Fact]
    public async Task What_is_for_a_developers_machine_only_is_not_in_it()
    {
        var resources = await PublishAsync([]);

        Assert.DoesNotContain("OTEL_EXPORTER_OTLP_TIMEOUT", resources.GetRawText(), StringComparison.Ordinal);
        Assert.DoesNotContain("CAPTURE_MESSAGE_CONTENT", resources.GetRawText(), StringComparison.Ordinal);
        Assert.DoesNotContain("PropagateTrace", resources.GetRawText(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_embedded_store_is_not_published()
    {
        using var folder = new DataFolder();

        var (exitCode, _, error) = await AppHostProcess.RunAsync([("Storage", "embedded")], Publish(folder));

        Assert.Equal(78, exitCode);
        Assert.Contains("- Storage=embedded is for one machine and is not published.", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_a_file_to_write_to_nothing_is_published()
    {
        var (exitCode, _, error) = await AppHostProcess.RunAsync([], "--operation", "publish", "--publisher", "manifest");

        Assert.Equal(78, exitCode);
        Assert.Contains("- Publishing needs a file to write the manifest to.", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_step_that_fails_is_told_by_the_exit_code()
    {
        using var folder = new DataFolder();

        var (exitCode, _, _) = await AppHostProcess.RunAsync(
            [], "--operation", "publish", "--step", "no-such-step", "--output-path", Path.Combine(folder.Path, "manifest.json"));

        Assert.Equal(1, exitCode);
    }

    private static string[] Publish(DataFolder folder) =>
        ["--operation", "publish", "--publisher", "manifest", "--output-path", Path.Combine(folder.Path, "manifest.json")];

    private static async Task<JsonElement> PublishAsync(IEnumerable<(string, string)> settings)
    {
        using var folder = new DataFolder();
        var (exitCode, output, error) = await AppHostProcess.RunAsync(settings, Publish(folder));
        Assert.True(exitCode == 0, output + error);
        using var manifest = JsonDocument.Parse(await File.ReadAllTextAsync(Path.Combine(folder.Path, "manifest.json"), TestContext.Current.CancellationToken));
        return manifest.RootElement.GetProperty("resources").Clone();
    }
}
