using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;

namespace MasterX.Tests.Hosts;

/// <summary>
/// The spans of one trace, of all services of this process. Listeners are the process's own, so a trace is known by its id: a request that
/// is sent with
/// <see cref="Parent"/> belongs to it, and no other test is measured for it.
/// </summary>
internal sealed class TraceRecorder : IDisposable
{
    private readonly ActivityTraceId _id = ActivityTraceId.CreateRandom();
    private readonly ActivityListener _listener;
    private readonly ConcurrentQueue<Activity> _ended = new();

    /// <param name="sources">Names of the activity sources.</param>
    public TraceRecorder(params IReadOnlyCollection<string> sources)
    {
        Parent = $"00-{_id}-{ActivitySpanId.CreateRandom()}-01";
        _listener = new ActivityListener
        {
            ShouldListenTo = source => sources.Contains(source.Name),
            Sample = (ref options) => options.TraceId == _id ? ActivitySamplingResult.AllDataAndRecorded : ActivitySamplingResult.None,
            ActivityStopped = activity =>
            {
                if (activity.TraceId == _id)
                {
                    _ended.Enqueue(activity);
                }
            },
        };
        ActivitySource.AddActivityListener(_listener);
    }

    /// <summary>A recorder of the gateway's calls, within its answers to requests.</summary>
    public static TraceRecorder OfGateway() => new("Microsoft.AspNetCore", "MasterX.AiGateway");

    /// <summary>A <c>traceparent</c>.</summary>
    public string Parent { get; }

    public string TraceId => _id.ToHexString();

    /// <summary>Sends JSON as a part of the trace.</summary>
    public async Task<HttpResponseMessage> PostAsync(
        HttpClient client, string path, string json, params (string Name, string Value)[] headers)
    {
        using var content = new StringContent(json, Encoding.UTF8, new MediaTypeHeaderValue("application/json"));
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = content };
        request.Headers.Add("traceparent", Parent);
        foreach (var (name, value) in headers)
        {
            request.Headers.Add(name, value);
        }

        return await client.SendAsync(request, TestContext.Current.CancellationToken);
    }

    /// <summary>The spans of a source, once there are so many: a span may end after the answer's last byte.</summary>
    public async Task<IReadOnlyList<Activity>> SpansAsync(string source, int count = 1)
    {
        for (var left = 200; ; left--)
        {
            Activity[] spans = [.. _ended.Where(span => span.Source.Name == source).OrderBy(span => span.StartTimeUtc)];
            if (spans.Length >= count || left == 0)
            {
                Assert.Equal(count, spans.Length);
                return spans;
            }

            await Task.Delay(25, TestContext.Current.CancellationToken);
        }
    }

    /// <summary>The spans of a source that have ended by now.</summary>
    public IReadOnlyList<Activity> Ended(string source) =>
        [.. _ended.Where(span => span.Source.Name == source).OrderBy(span => span.StartTimeUtc)];

    /// <summary>The one call to a provider.</summary>
    public async Task<Activity> CallAsync() => (await SpansAsync("MasterX.AiGateway"))[0];

    public void Dispose() => _listener.Dispose();
}

/// <summary>What a span says.</summary>
internal static class SpanExtensions
{
    /// <summary>An attribute that holds JSON.</summary>
    public static JsonElement Json(this Activity span, string attribute) =>
        JsonElement.Parse(Assert.IsType<string>(span.GetTagItem(attribute)));

    public static bool Has(this Activity span, string attribute) => span.GetTagItem(attribute) is not null;
}
