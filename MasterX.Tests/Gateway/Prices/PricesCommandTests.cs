using MasterX.AiGateway.Prices;
using MasterX.Tests.Hosts;
using Microsoft.Extensions.Configuration;

namespace MasterX.Tests.Gateway.Prices;

/// <summary><c>./masterx prices</c>, as the gateway carries it out.</summary>
public sealed class PricesCommandTests
{
    private const string Head = """{"version":1,"date":"2026-01-02","providers":{"groq":{"hosts":["api.groq.com"]}},"sources":{"s":{"url":"https://groq.com/pricing","date":"2026-01-01"}},"models":[""";

    [Fact]
    public void The_catalogue_in_the_program_is_valid_and_the_configured_models_are_told()
    {
        var (code, lines) = Run([], ("Gateway:Routes:r:Candidates:0", "openai/own-model"), ("Gateway:Prices:set:Input", "3"), ("Gateway:Routes:r:Candidates:1", "groq/set"));

        Assert.Equal(0, code);
        Assert.Contains(lines, line => line.EndsWith("Valid.", StringComparison.Ordinal));
        Assert.Contains(lines, line => line.StartsWith("  ok    gemini    gemini-2.5-flash", StringComparison.Ordinal));
        Assert.Contains(lines, line => line.StartsWith("  NONE  openai    own-model", StringComparison.Ordinal));
        Assert.Contains(lines, line => line.StartsWith("  ok    groq      set", StringComparison.Ordinal) && line.Contains("Gateway:Prices", StringComparison.Ordinal));
        Assert.Contains(lines, line => line.StartsWith("1 without a price. Set for example Gateway__Prices__openai/own-model__Input", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_newer_file_is_compared_and_the_configured_models_looked_up_in_it()
    {
        using var folder = new DataFolder();
        var (old, now) = (Path.Combine(folder.Path, "old.json"), Path.Combine(folder.Path, "new.json"));
        await WriteAsync(old, Entry("changed", """{"input":1,"output":2}"""), Entry("gone", """{"input":1}"""), Entry("llama-3.3-70b-versatile", """{"input":1}"""));
        await WriteAsync(now, Entry("changed", """{"input":1.5,"output":2,"above":[{"tokens":1000,"input":3}]}"""), Entry("come", """{"input":0.25,"output":4}"""));

        var (code, lines) = Run([now], ("Gateway:PriceCatalogue", old));

        Assert.Equal(0, code);
        Assert.Contains("What it changes, in US dollars per million tokens: 1 added names, 2 removed names, 2 changed prices", lines);
        Assert.Equal(
            [
                "changed groq changed input 1 1.5 2026-01-01", "changed groq changed above_1000.input - 3 2026-01-01", "added groq come in 0.25 out 4 2026-01-01", "removed groq gone in 1 out - 2026-01-01",
                "removed groq llama-3.3-70b-versatile in 1 out - 2026-01-01",
            ],
            lines.Where(line => line.StartsWith("  changed", StringComparison.Ordinal) || line.StartsWith("  added", StringComparison.Ordinal) || line.StartsWith("  removed", StringComparison.Ordinal))
                .Select(line => string.Join(' ', line.Split(' ', StringSplitOptions.RemoveEmptyEntries))));
        Assert.Contains(lines, line => line.StartsWith("  NONE  groq", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_file_that_is_not_valid_ends_with_a_code_and_says_all_that_is_wrong()
    {
        using var folder = new DataFolder();
        var file = Path.Combine(folder.Path, "bad.json");
        await WriteAsync(file, Entry("b", """{"input":-1}"""), Entry("a", "{}"));

        var (code, lines) = Run([file]);

        Assert.Equal(65, code);
        Assert.Contains($"{file} is not valid:", lines);
        Assert.Contains("  groq b has input -1; it must be 0 to 1000000, in US dollars per million tokens.", lines);
        Assert.Contains("  groq a has no price.", lines);
        Assert.Equal(65, Run([file + ".not"]).Code);
    }

    private static string Entry(string model, string price) => $$"""{"provider":"groq","model":"{{model}}","price":{{price}},"source":"s","date":"2026-01-01"}""";

    private static Task WriteAsync(string path, params string[] entries) =>
        File.WriteAllTextAsync(path, $"{Head}\n{string.Join(",\n", entries)}\n]}}\n", TestContext.Current.CancellationToken);

    private static (int Code, string[] Lines) Run(string[] file, params (string Key, string? Value)[] settings)
    {
        using var output = new StringWriter();
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(settings.Select(setting => KeyValuePair.Create(setting.Key, setting.Value))).Build();
        var code = PricesCommand.Run(configuration, ["--prices", .. file], output);
        return (code, output.ToString().ReplaceLineEndings("\n").Split('\n'));
    }
}
