using System.Text;
using BenchmarkDotNet.Attributes;
using MasterX.AiGateway;
using MasterX.AiGateway.Providers.Classification;
using MasterX.AiGateway.Requests;
using MasterX.AiGateway.Routing;
using MasterX.AiGateway.Streaming;
using Microsoft.Extensions.Logging.Abstractions;

namespace MasterX.Bench.Micro;

/// <summary>What a request goes through in the gateway, without the sockets.</summary>
public class Steps : IDisposable
{
    private const string Request =
        """{"model":"auto","messages":[{"role":"system","content":"You are brief."},{"role":"user","content":"What is a circuit breaker, and when does it open? Answer in a few sentences that anyone can follow, one after the other."}],"temperature":0.2,"max_tokens":50}""";

    private const string Text =
        "A circuit breaker stops calling a service that keeps failing, so that the caller answers fast and the service can recover. After a pause it lets one call through; when that succeeds, the circuit closes again.";

    private static readonly byte[] OpenAiAnswer = Encoding.UTF8.GetBytes(
        $$$"""{"id":"c","object":"chat.completion","created":1767225600,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"{{{Text}}}","refusal":null},"logprobs":null,"finish_reason":"stop"}],"usage":{"prompt_tokens":14,"completion_tokens":62,"total_tokens":76}}""");

    private static readonly byte[] GeminiAnswer = Encoding.UTF8.GetBytes(
        $$$"""{"candidates":[{"content":{"parts":[{"text":"{{{Text}}}"}],"role":"model"},"finishReason":"STOP","index":0,"avgLogprobs":-0.2}],"usageMetadata":{"promptTokenCount":14,"candidatesTokenCount":62,"totalTokenCount":76},"modelVersion":"m","responseId":"r"}""");

    private static readonly byte[][] Chunks =
        [.. Text.Split(' ').Select(word => Encoding.UTF8.GetBytes($$$"""{"id":"c","object":"chat.completion.chunk","created":1767225600,"model":"m","choices":[{"index":0,"delta":{"content":"{{{word}}} "},"logprobs":null,"finish_reason":null}]}"""))];

    private readonly PooledBuffer _body = new(Request.Length);
    private readonly GatewayConfiguration _configuration;
    private readonly ModelRequest _request;
    private readonly Candidate _gemini;
    private readonly Candidate _openAi;

    /// <summary>A gateway's configuration with limits on, as in production.</summary>
    public Steps()
    {
        var settings = new Dictionary<string, string?> { ["Gateway:Token"] = "a-token-for-the-benchmark" };
        foreach (var provider in (string[])["gemini", "groq", "openai"])
        {
            settings[$"Gateway:Providers:{provider}:ApiKey"] = "k";
            settings[$"Gateway:Providers:{provider}:RequestsPerMinute"] = "1000000000";
            settings[$"Gateway:Providers:{provider}:MaxConcurrency"] = "1000";
        }

        _configuration = new GatewayConfiguration(new ConfigurationBuilder().AddInMemoryCollection(settings).Build(), TimeProvider.System, NullLogger<GatewayConfiguration>.Instance);
        Encoding.UTF8.GetBytes(Request, _body);
        _request = Parse();
        _gemini = _configuration.Routes.Resolve("gemini/m")!.Candidates[0];
        _openAi = _configuration.Routes.Resolve("openai/m")!.Candidates[0];
    }

    /// <summary>Model, stream, sizes: one pass over the body.</summary>
    [Benchmark]
    public object Peek() => Parse();

    /// <summary>From the model's name to the candidates in order.</summary>
    [Benchmark]
    public int Plan() => _configuration.Routes.Resolve("auto")!.Plan().Count;

    /// <summary>Cool-downs, circuit, calls at once, calls per minute; and the outcome counted.</summary>
    [Benchmark]
    public async Task<object> Gate() =>
        await _openAi.Gate.TryCallAsync(
            100, _openAi.Provider.Limits.Keys, static (answer, _, _) => answer, Task.FromResult(new ProviderAnswer { Verdict = Verdicts.Success, Status = 200 }), default);

    /// <summary>The provider's own name for the model put into the body.</summary>
    [Benchmark]
    public int WriteOpenAi() => Write(_openAi);

    /// <summary>The request in Gemini's format.</summary>
    [Benchmark]
    public int TranslateRequestToGemini() => Write(_gemini);

    /// <summary>Checked, and its usage found.</summary>
    [Benchmark]
    public int ReadOpenAiAnswer() => Read(_openAi, OpenAiAnswer);

    /// <summary>Translated from Gemini's format.</summary>
    [Benchmark]
    public int TranslateAnswerFromGemini() => Read(_gemini, GeminiAnswer);

    /// <summary>The text of a stream, chunk by chunk (34 of them).</summary>
    [Benchmark]
    public int StreamChunks()
    {
        var frames = new OpenAiFrames { CallerWantsUsage = false };
        using var output = new PooledBuffer(16 * 1024);
        foreach (var chunk in Chunks)
        {
            frames.Read(chunk, output);
        }

        return output.Length;
    }

    /// <inheritdoc />
    public void Dispose()
    {
        _configuration.Dispose();
        _request.Dispose();
        GC.SuppressFinalize(this);
    }

    private ModelRequest Parse() => ModelRequest.TryParse(Operation.Chat, _body, out var request, out var problem, out _) ? request! : throw new InvalidOperationException(problem);

    private int Write(Candidate candidate)
    {
        using var scratch = new PooledBuffer(_body.Length + 256);
        return candidate.Format.WriteRequest(_request, candidate, scratch, out _).Length;
    }

    private int Read(Candidate candidate, byte[] bytes)
    {
        using var body = new PooledBuffer(bytes.Length);
        bytes.CopyTo(body.GetSpan(bytes.Length));
        body.Advance(bytes.Length);
        using var answer = candidate.Format.ReadAnswer(body, candidate, _request);
        return answer!.Body!.Length;
    }
}
