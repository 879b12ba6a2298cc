using System.Text;
using System.Text.Json;
using MasterX.AiGateway.Providers;
using MasterX.AiGateway.Requests;
using MasterX.AiGateway.Streaming;
using MasterX.Tests.Hosts;

namespace MasterX.Tests.Gateway.Translation;

/// <summary>What the gateway makes of a caller's request for a kind of provider, and of the provider's answer for the caller.</summary>
/// <param name="kind">Of provider: <c>openai</c>, <c>gemini</c>, <c>anthropic</c>; <c>chat</c> is one of OpenAI's kind without responses.</param>
/// <param name="model">What is asked of it.</param>
/// <param name="options">The provider's, where they matter.</param>
internal sealed class Translated(string kind, string model = "m-1", ProviderOptions? options = null)
{
    private static readonly Dictionary<string, string> Smallest = new()
    {
        ["chat"] = """{"messages":[{"role":"user","content":"x"}]}""",
        ["messages"] = """{"max_tokens":100,"messages":[{"role":"user","content":"x"}]}""",
        ["responses"] = """{"input":"x"}""",
    };

    /// <summary>Fields that were left out of the request that was written last.</summary>
    public IReadOnlyList<string> Ignored { get; private set; } = [];

    /// <param name="door">The operation's name.</param>
    /// <param name="body">The caller's.</param>
    /// <returns>The provider's.</returns>
    public JsonElement Request(string door, string body)
    {
        using var provider = ProviderOf();
        using var request = Parse(door, body);
        using var scratch = new PooledBuffer(256);
        var written = provider.Format.For(model).WriteRequest(request, provider.CandidateOf(model), scratch, out var ignored);
        Ignored = ignored ?? [];
        return JsonElement.Parse(written.Span);
    }

    /// <returns>What the caller gets; <see langword="null"/> when it is no answer.</returns>
    public JsonElement? Answer(string door, string answer, string? body = null)
    {
        using var provider = ProviderOf();
        using var request = Parse(door, body ?? Smallest[door]);
        using var bytes = PoisoningPool.Buffer(answer);
        var read = provider.Format.For(model).ReadAnswer(bytes, provider.CandidateOf(model), request);
        using (read)
        {
            return read?.Body is { } given ? JsonElement.Parse(given.Span) : null;
        }
    }

    /// <param name="door">The operation's name.</param>
    /// <param name="events">The data of the provider's.</param>
    /// <returns>The data of the caller's, by the names of the events where they have one, without the end mark of chats.</returns>
    public (string? Name, JsonElement Data)[] Stream(string door, params string[] events) => Stream(door, Smallest[door], events);

    /// <inheritdoc cref="Stream(string, string[])"/>
    public (string? Name, JsonElement Data)[] Stream(string door, string body, string[] events)
    {
        using var provider = ProviderOf();
        using var request = Parse(door, body[..^1] + ",\"stream\":true,\"stream_options\":{\"include_usage\":true}}");
        using var output = new PooledBuffer(1024);
        var frames = provider.Format.For(model).OpenFrames(request, provider.CandidateOf(model), partial: null);
        foreach (var data in events)
        {
            Assert.NotEqual(FrameKind.Error, frames.Read(Encoding.UTF8.GetBytes(data), output));
        }

        Assert.True(frames.TryComplete(output));
        frames.WriteEnd(output);
        return [.. EventsOf(Encoding.UTF8.GetString(output.Span))];
    }

    private static IEnumerable<(string? Name, JsonElement Data)> EventsOf(string stream)
    {
        foreach (var text in stream.Split("\n\n", StringSplitOptions.RemoveEmptyEntries))
        {
            var lines = text.Split('\n');
            var data = lines[^1]["data: ".Length..];
            if (data != "[DONE]")
            {
                yield return (lines.Length == 2 ? lines[0]["event: ".Length..] : null, JsonElement.Parse(data));
            }
        }
    }

    private Provider ProviderOf() => new("p", options ?? new ProviderOptions { Kind = kind == "chat" ? "openai" : kind, ResponsesApi = kind != "chat", BaseUrl = "http://127.0.0.1" }, TimeProvider.System);

    private static ModelRequest Parse(string door, string body)
    {
        var operation = Operation.All.Single(one => one.Name == door);
        Assert.True(ModelRequest.TryParse(operation, PoisoningPool.Buffer(body), out var request, out var problem, out _), problem);
        request!.ResponseIds = new ResponseIds("token", "consumer");
        return request;
    }
}
