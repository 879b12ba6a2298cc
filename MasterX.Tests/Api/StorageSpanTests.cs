using System.Diagnostics;
using MasterX.Api.Storage;
using MasterX.Api.Storage.Embedded;
using MasterX.Tests.Hosts;

namespace MasterX.Tests.Api;

/// <summary>What the API does in its database, and asks of the gateway, is in the request's trace.</summary>
public sealed class StorageSpanTests
{
    private const string Storage = "MasterX.Storage";
    private const string DeleteUser = "DELETE FROM users WHERE id = $id";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_write_is_a_span_of_the_request_that_waits_for_it()
    {
        await using var api = new ApiHost();
        await api.WaitReadyAsync();
        using var trace = new TraceRecorder(Storage, "Microsoft.AspNetCore");

        using var answer = await trace.PostAsync(api.Http, "/api/users", """{"name":"a-secret-name","email":"secret@example.com"}""");
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync(Token));

        var request = (await trace.SpansAsync("Microsoft.AspNetCore"))[0];
        var spans = trace.Ended(Storage);
        var insert = Assert.Single(spans, span => span.DisplayName == "INSERT users");
        Assert.All(spans, span => Assert.Equal(request.SpanId, span.ParentSpanId));
        Assert.Equal(
            (ActivityKind.Client, "sqlite", "masterx.db", "INSERT", "users"),
            (insert.Kind, insert.GetTagItem("db.system.name"), insert.GetTagItem("db.namespace"), insert.GetTagItem("db.operation.name"),
                insert.GetTagItem("db.collection.name")));
        Assert.True(insert.Duration > TimeSpan.Zero);
        Assert.DoesNotContain(
            spans.SelectMany(span => span.TagObjects), tag => $"{tag.Value}".Contains("secret", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Reads_and_writes_of_several_statements_say_what_they_did()
    {
        using var folder = new DataFolder();
        using var database = new EmbeddedDatabase(folder.Path);
        await database.InitializeAsync(Token);
        using var trace = new TraceRecorder(Storage, "test");
        using var source = new ActivitySource("test");
        ActivityContext.TryParse(trace.Parent, null, out var parent);
        using (var request = source.StartActivity("request", ActivityKind.Server, parent))
        {
            await new EmbeddedUserStore(database).FindAsync(null, "user_1", Token);
            await database.WriteAsync(
                connection => connection.Command(DeleteUser, ("$id", "x")).Run()
                    + connection.Command("DELETE FROM generations WHERE id = $id", ("$id", "x")).Run(),
                Token);
            await database.WriteAsync(
                connection => Enumerable.Range(0, 3).Sum(i => connection.Command(DeleteUser, ("$id", $"{i}")).Run()), Token);
            await database.PingAsync(Token);

            Assert.Same(request, Activity.Current);
            await Assert.ThrowsAsync<StorageException>(
                () => database.WriteAsync(connection => connection.Command("INSERT INTO users (id) VALUES (NULL)").Run(), Token));
            await Assert.ThrowsAnyAsync<OperationCanceledException>(
                () => database.WriteAsync(connection => 0, new CancellationToken(canceled: true)));
        }

        var spans = await trace.SpansAsync(Storage, 5);
        Assert.Equal(
            ["SELECT users", "DELETE users DELETE generations", "BATCH DELETE users", "INSERT users", "sqlite"],
            spans.Select(span => span.DisplayName));
        Assert.Equal(
            (null, 3, "BATCH DELETE"),
            (spans[1].GetTagItem("db.operation.name"), spans[2].GetTagItem("db.operation.batch.size"),
                spans[2].GetTagItem("db.operation.name")));
        Assert.Equal(("19", ActivityStatusCode.Error), (spans[3].GetTagItem("error.type"), spans[3].Status));
        Assert.Equal("System.OperationCanceledException", spans[4].GetTagItem("error.type"));
        Assert.Single(spans.Select(span => span.ParentSpanId).Distinct());
    }

    [Fact]
    public async Task From_the_API_to_the_provider_it_is_one_trace_named_by_routes()
    {
        (string, string?) exporting = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9");
        (string, string?) shortly = ("OTEL_EXPORTER_OTLP_TIMEOUT", "100");
        await using var api = new ApiHost(
            [exporting, shortly], gateway: new GatewayHost(exporting, shortly, ("Gateway:Providers:openai:PropagateTrace", "true")));
        await api.WaitReadyAsync();

        // Telemetry is of the whole process: any other client would begin a trace of its own now.
        using var client = new HttpClient(new SocketsHttpHandler { ActivityHeadersPropagator = null }) { BaseAddress = api.Address };
        client.DefaultRequestHeaders.Authorization = api.Http.DefaultRequestHeaders.Authorization;
        const string template = "/v1/chat/completions";
        foreach (var (path, body) in new[]
        {
            ("/api/ai/generate", """{"model":"openai/m","prompt":"x"}"""), (
                template, """{"model":"openai/m","messages":[{"role":"user","content":"x"}]}"""),
        })
        {
            using var trace = new TraceRecorder("Microsoft.AspNetCore", "System.Net.Http", "MasterX.AiGateway");

            using var answer = await trace.PostAsync(client, path, body);
            Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync(Token));

            var servers = await trace.SpansAsync("Microsoft.AspNetCore", 3);
            var called = Assert.Single(trace.Ended("System.Net.Http"));
            var call = await trace.CallAsync();
            Assert.Contains(servers, door => door.SpanId == called.ParentSpanId && door.DisplayName == $"POST {path}");
            var gateway = servers.Single(span => span.ParentSpanId == called.SpanId);
            Assert.Equal(($"POST {template}", gateway.SpanId), (gateway.DisplayName, call.ParentSpanId));
            Assert.Equal(($"POST {template}", template), (called.DisplayName, called.GetTagItem("url.template")));
            Assert.Equal("POST /openai/chat/completions", servers.Single(span => span.ParentSpanId == call.SpanId).DisplayName);
        }
    }
}
