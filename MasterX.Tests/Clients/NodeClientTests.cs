using System.ComponentModel;
using System.Diagnostics;
using MasterX.Tests.Hosts;

namespace MasterX.Tests.Clients;

/// <summary>OpenAI's own client for Node, in a Node process of its own. Skipped with the reason where there is no Node, or its package cannot be installed.</summary>
public sealed class NodeClientTests(NodeClient node) : IClassFixture<NodeClient>
{
    [Theory]
    [InlineData("openai/m")]
    [InlineData("gemini/m")]
    [InlineData("anthropic/m")]
    public async Task It_works_unchanged_with_the_gateway(string model)
    {
        Assert.SkipWhen(node.Missing is not null, node.Missing ?? "");
        await using var gateway = new GatewayHost();

        var (exit, output) = await node.RunAsync(new Uri(gateway.Address, "v1"), GatewayHost.Token, model, "openai/e", responsesModel: "openai/m");

        Assert.True(exit == 0, output);
        Assert.Equal(10, output.Split('\n').Count(line => line.StartsWith("ok: ", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task It_works_unchanged_with_the_API()
    {
        Assert.SkipWhen(node.Missing is not null, node.Missing ?? "");
        await using var api = new ApiHost();
        await api.WaitReadyAsync();

        var (exit, output) = await node.RunAsync(new Uri(api.Address, "v1"), "mx-dev", "gpt-4.1-mini", "text-embedding-3-small", responsesModel: "openai/m");

        Assert.True(exit == 0, output);
        Assert.Equal(10, output.Split('\n').Count(line => line.StartsWith("ok: ", StringComparison.Ordinal)));
    }
}

/// <summary>The script of <c>Clients/node</c> with its one package, installed once into a folder of its own.</summary>
public sealed class NodeClient : IAsyncLifetime
{
    private readonly DataFolder _folder = new();

    /// <summary>Why there is no client; <see langword="null"/> when there is one.</summary>
    public string? Missing { get; private set; }

    public async ValueTask InitializeAsync()
    {
        foreach (var file in Directory.EnumerateFiles(Path.Combine(AppContext.BaseDirectory, "Clients", "node")))
        {
            File.Copy(file, Path.Combine(_folder.Path, Path.GetFileName(file)));
        }

        try
        {
            var (exit, output) = await RunAsync("npm", ["ci", "--no-audit", "--no-fund", "--ignore-scripts"], []);
            Missing = exit == 0 ? null : $"npm could not install the openai package: {output}";
        }
        catch (Win32Exception)
        {
            Missing = "There is no npm on the PATH; install Node 20 or later, with npm.";
        }
    }

    internal Task<(int Exit, string Output)> RunAsync(Uri baseUrl, string key, string model, string embeddingModel, string? responsesModel) => RunAsync(
        "node", ["client.mjs"],
        [("BASE_URL", baseUrl.ToString()), ("API_KEY", key), ("MODEL", model), ("EMBEDDING_MODEL", embeddingModel), ("RESPONSES_MODEL", responsesModel)]);

    public ValueTask DisposeAsync()
    {
        _folder.Dispose();
        return ValueTask.CompletedTask;
    }

    private async Task<(int Exit, string Output)> RunAsync(string command, IEnumerable<string> arguments, IEnumerable<(string Name, string? Value)> environment)
    {
        var start = new ProcessStartInfo(command, arguments) { WorkingDirectory = _folder.Path, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        using var process = Process.Start(start)!;
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        try
        {
            await process.WaitForExitAsync(patience.Token);
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
            }
        }

        return (process.ExitCode, await output + await error);
    }
}
