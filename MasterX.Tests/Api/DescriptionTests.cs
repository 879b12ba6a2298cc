using MasterX.Tests.Hosts;

namespace MasterX.Tests.Api;

/// <summary>The API's description, and the requests that show each endpoint.</summary>
public sealed class DescriptionTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static string Project { get; } = Path.Combine(Checkout(), "MasterX.Api");

    /// <summary>A change of the contract is seen in a review, as a change of <c>openapi.json</c>; <c>./masterx openapi</c> makes it.</summary>
    [Fact]
    public async Task The_description_is_the_one_agreed_on()
    {
        await using var api = new ApiHost();
        var description = (await api.Anonymous.GetStringAsync(new Uri("/openapi/v1.json", UriKind.Relative), Token)).ReplaceLineEndings("\n") + "\n";
        if (Environment.GetEnvironmentVariable("MASTERX_WRITE_OPENAPI") is { Length: > 0 } file)
        {
            await File.WriteAllTextAsync(file, description, Token);
        }

        Assert.Equal(await File.ReadAllTextAsync(Path.Combine(Project, "openapi.json"), Token), description);
    }

    [Fact]
    public async Task Every_operation_says_who_may_call_it_and_how_it_refuses()
    {
        await using var api = new ApiHost();
        var description = await api.Anonymous.GetJsonAsync("/openapi/v1.json");

        Assert.StartsWith("3.1", description.Text("openapi"), StringComparison.Ordinal);
        foreach (var path in description.GetProperty("paths").EnumerateObject().Where(path => path.Name != "/api"))
        {
            foreach (var operation in path.Value.EnumerateObject().Select(operation => operation.Value))
            {
                Assert.NotEmpty(operation.Text("operationId")!);
                Assert.Equal(["key", "token"], operation.GetProperty("security").EnumerateArray().Select(scheme => scheme.EnumerateObject().Single().Name));
                Assert.Superset(new HashSet<string>(["401", "403", "429", "500", "503"]), operation.GetProperty("responses").EnumerateObject().Select(response => response.Name).ToHashSet());
            }
        }
    }

    [Fact]
    public async Task Headers_events_and_refusals_are_described()
    {
        await using var api = new ApiHost();
        var paths = (await api.Anonymous.GetJsonAsync("/openapi/v1.json")).GetProperty("paths");

        foreach (var (path, method, status, header) in new[]
        {
            ("/api/users", "post", "201", "ETag"), ("/api/users", "post", "201", "Location"), ("/api/users", "post", "201", "Idempotency-Replayed"), ("/api/users", "get", "200", "RateLimit-Remaining"),
            ("/api/users/{id}", "patch", "412", "ETag"), ("/api/users/{id}", "get", "304", "ETag"), ("/api/users", "get", "429", "Retry-After"), ("/api/ai/generate", "post", "503", "Retry-After"),
            ("/v1/chat/completions", "post", "200", "x-masterx-cost-usd"), ("/v1/messages", "post", "200", "x-masterx-provider"),
        })
        {
            Assert.NotNull(paths.Text(path, method, "responses", status, "headers", header, "$ref"));
        }

        foreach (var path in new[] { "/api/ai/generate", "/v1/chat/completions", "/v1/responses", "/v1/messages" })
        {
            Assert.Contains("data: ", paths.Text(path, "post", "responses", "200", "content", "text/event-stream", "example"), StringComparison.Ordinal);
        }

        Assert.Contains(paths.GetProperty("/v1/responses").GetProperty("post").GetProperty("parameters").EnumerateArray(), parameter => parameter.Text("name") == "x-masterx-cache");
        Assert.Superset(new HashSet<string>(["400", "402", "409", "413", "415", "422", "429", "503"]), paths.GetProperty("/api/ai/generate").GetProperty("post").GetProperty("responses").EnumerateObject().Select(response => response.Name).ToHashSet());
    }

    /// <summary>The <c>.http</c> files are run as they stand: every operation is in one of them, and none is refused for how it is written.</summary>
    [Fact]
    public async Task The_http_files_show_every_operation_and_work()
    {
        await using var api = new ApiHost();
        await api.WaitReadyAsync();
        var description = await api.Anonymous.GetJsonAsync("/openapi/v1.json");
        var shown = new HashSet<string>();

        foreach (var file in Directory.EnumerateFiles(Path.Combine(Project, "Requests"), "*.http").Order(StringComparer.Ordinal))
        {
            await foreach (var (request, answer) in HttpFile.RunAsync(file, api))
            {
                Assert.True(answer.IsSuccessStatusCode, $"{Path.GetFileName(file)}, {request}: {(int)answer.StatusCode} {await answer.Content.ReadAsStringAsync(Token)}");
                shown.Add(request);
            }
        }

        var operations = description.GetProperty("paths").EnumerateObject()
            .SelectMany(path => path.Value.EnumerateObject().Select(operation => (Method: operation.Name.ToUpperInvariant(), Path: path.Name)));
        Assert.All(operations, operation => Assert.Contains(shown, request => System.Text.RegularExpressions.Regex.IsMatch(request, $"^{operation.Method} {operation.Path.Replace("{id}", "[^/]+", StringComparison.Ordinal)}$")));
    }

    [Fact]
    public async Task The_page_to_try_it_out_is_there()
    {
        await using var api = new ApiHost();

        var page = await api.Anonymous.GetStringAsync(new Uri("/docs/", UriKind.Relative), Token);

        Assert.Contains("scalar", page, StringComparison.OrdinalIgnoreCase);
        Assert.Matches("\"agent\":\\s*\\{[^}]*\"disabled\":\\s*true", page);
        Assert.Matches("\"mcp\":\\s*\\{[^}]*\"disabled\":\\s*true", page);
        Assert.Matches("\"hideClientButton\":\\s*true", page);
        Assert.Matches("\"telemetry\":\\s*false", page);
        Assert.DoesNotContain("proxyUrl", page, StringComparison.Ordinal);
    }

    private static string Checkout()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "MasterX.sln")))
        {
            folder = folder.Parent!;
        }

        return folder.FullName;
    }
}
