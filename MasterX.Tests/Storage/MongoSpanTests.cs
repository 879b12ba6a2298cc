using System.Diagnostics;
using MasterX.Api.Storage.Mongo;
using MasterX.Tests.Hosts;
using Microsoft.Extensions.Logging.Abstractions;
using MongoDB.Driver;

namespace MasterX.Tests.Storage;

/// <summary>The driver tells of its commands by itself, from the source that the services' telemetry subscribes to.</summary>
public sealed class MongoSpanTests(MongoServer server) : IClassFixture<MongoServer>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_read_is_a_span_of_the_request_without_what_was_asked_for()
    {
        Assert.SkipWhen(server.Url is null, server.Description);
        using var client = new MongoClient(server.Url);
        var store = new MongoUserStore(new MongoDatabase(client.GetDatabase("masterx-spans"), NullLogger<MongoDatabase>.Instance));
        using var trace = new TraceRecorder("MongoDB.Driver", "mongo-test");
        using var source = new ActivitySource("mongo-test");
        ActivityContext.TryParse(trace.Parent, null, out var parent);
        using (source.StartActivity("request", ActivityKind.Server, parent))
        {
            await store.FindAsync("key_1", "a-secret-id", Token);
        }

        var request = (await trace.SpansAsync("mongo-test"))[0];
        var spans = trace.Ended("MongoDB.Driver");
        Assert.Contains(
            spans,
            span => span.ParentSpanId == request.SpanId && span.Kind == ActivityKind.Client
                && "mongodb".Equals(span.GetTagItem("db.system.name")));
        Assert.Contains(
            spans,
            span => "users".Equals(span.GetTagItem("db.collection.name")) && "masterx-spans".Equals(span.GetTagItem("db.namespace")));
        Assert.DoesNotContain(
            spans.SelectMany(span => span.TagObjects), tag => $"{tag.Value}".Contains("a-secret-id", StringComparison.Ordinal));
        TestContext.Current.TestOutputHelper!.WriteLine(
            string.Join('\n', spans.Select(span => $"{span.DisplayName}: {string.Join(' ', span.TagObjects)}")));
    }
}
