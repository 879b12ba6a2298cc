using System.ComponentModel;
using System.Diagnostics;
using MasterX.Tests.Hosts;

namespace MasterX.Tests.Clients;

/// <summary>
/// The clients and frameworks that people use with Node, in a Node process of their own: OpenAI's (<c>client</c>), Anthropic's (<c>anthropic</c>);
/// Vercel's ai, LangChain and OpenAI's agents (<c>frameworks</c>), through every door. Skipped with the reason where there is no Node, or the
/// packages cannot be installed.
/// </summary>
public sealed class NodeClientTests(NodeClient node) : IClassFixture<NodeClient>
{
    /// <summary>Parts that each script tells of.</summary>
    private static readonly Dictionary<string, int> Parts = new() { ["client"] = 10, ["anthropic"] = 9, ["frameworks"] = 14 };

    [Theory]
    [InlineData("client", "openai/m")]
    [InlineData("client", "gemini/m")]
    [InlineData("client", "anthropic/m")]
    [InlineData("anthropic", "openai/m")]
    [InlineData("anthropic", "gemini/gemini-3-pro")]
    [InlineData("anthropic", "anthropic/claude-sonnet-4-5")]
    [InlineData("frameworks", "openai/m")]
    [InlineData("frameworks", "gemini/gemini-3-pro")]
    [InlineData("frameworks", "anthropic/claude-sonnet-4-5")]
    public async Task It_works_unchanged_with_the_gateway(string script, string model)
    {
        Assert.SkipWhen(node.Missing is not null, node.Missing ?? "");
        await using var gateway = new GatewayHost(
            ("Gateway:Providers:openai:RequestsPerMinute", "0"), ("Gateway:Providers:gemini:RequestsPerMinute", "0"), ("Gateway:Providers:anthropic:RequestsPerMinute", "0"));

        var (exit, output) = await node.RunAsync(script, new Uri(gateway.Address, "v1"), GatewayHost.Token, model, "openai/e", responsesModel: model);

        Check(script, exit, output);
    }

    [Theory]
    [InlineData("client", "gpt-4.1-mini")]
    [InlineData("anthropic", "gemini-2.5-flash")]
    [InlineData("frameworks", "gemini-2.5-flash")]
    public async Task It_works_unchanged_with_the_API(string script, string model)
    {
        Assert.SkipWhen(node.Missing is not null, node.Missing ?? "");
        await using var api = new ApiHost();
        await api.WaitReadyAsync();

        var (exit, output) = await node.RunAsync(script, new Uri(api.Address, "v1"), "mx-dev", model, "text-embedding-3-small", responsesModel: "openai/m");

        Check(script, exit, output);
    }

    private static void Check(string script, int exit, string output)
    {
        Assert.True(exit == 0, output);
        Assert.Equal(Parts[script], output.Split('\n').Count(line => line.StartsWith("ok: ", StringComparison.Ordinal)));
    }
}

/// <summary>The scripts of <c>Clients/node</c> with their packages, installed once into a folder of its own.</summary>
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
            Missing = exit == 0 ? null : $"npm could not install the clients' packages: {output}";
        }
        catch (Win32Exception)
        {
            Missing = "There is no npm on the PATH; install Node 20 or later, with npm.";
        }
    }

    internal Task<(int Exit, string Output)> RunAsync(string script, Uri baseUrl, string key, string model, string embeddingModel, string? responsesModel) => RunAsync(
        "node", [$"{script}.mjs"],
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
