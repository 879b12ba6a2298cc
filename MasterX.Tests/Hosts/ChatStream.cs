using System.Net.Http.Json;
using System.Text.Json;

namespace MasterX.Tests.Hosts;

/// <summary>A streamed answer as a client sees it: the status and headers, every event, and the trailers.</summary>
internal sealed record ChatStream(int Status, HttpResponseMessage Response, IReadOnlyList<string> Events)
{
    /// <summary>Events that are JSON: all but the end mark.</summary>
    public IEnumerable<JsonElement> Chunks => Events.Where(data => data != "[DONE]").Select(data => JsonElement.Parse(data));

    public string Text => string.Concat(Chunks
        .Where(chunk => chunk.TryGetProperty("choices", out var choices) && choices.GetArrayLength() > 0)
        .Select(chunk => chunk.GetProperty("choices")[0].GetProperty("delta").TryGetProperty("content", out var content) ? content.GetString() : ""));

    public IEnumerable<string?> FinishReasons => Chunks
        .Where(chunk => chunk.TryGetProperty("choices", out var choices) && choices.GetArrayLength() > 0)
        .Select(chunk => chunk.Text("choices", "0", "finish_reason"))
        .Where(reason => reason is not null);

    public bool IsWhole => Events is [.., "[DONE]"];

    public JsonElement? Error => Chunks.Where(chunk => chunk.TryGetProperty("error", out _)).Select(chunk => (JsonElement?)chunk.GetProperty("error")).FirstOrDefault();

    public string? Trailer(string name) => Response.TrailingHeaders.TryGetValues(name, out var values) ? values.Single() : null;

    public static Task<ChatStream> ReadAsync(HttpClient client, object request, string path = "/v1/chat/completions") =>
        ReadAsync(client, JsonContent.Create(request), path);

    public static async Task<ChatStream> ReadAsync(HttpClient client, HttpContent request, string path = "/v1/chat/completions")
    {
        var token = TestContext.Current.CancellationToken;
        using var message = new HttpRequestMessage(HttpMethod.Post, path)
        {
            Content = request,
            Version = client.DefaultRequestVersion,
            VersionPolicy = client.DefaultVersionPolicy,
        };
        var response = await client.SendAsync(message, HttpCompletionOption.ResponseHeadersRead, token);
        List<string> events = [];
        if (response.Content.Headers.ContentType?.MediaType == "text/event-stream")
        {
            await foreach (var item in System.Net.ServerSentEvents.SseParser.Create(await response.Content.ReadAsStreamAsync(token)).EnumerateAsync(token))
            {
                events.Add(item.Data);
            }
        }

        return new((int)response.StatusCode, response, events);
    }
}
