using System.Collections.Concurrent;
using System.Net.Http.Json;
using System.Text.Json;
using MasterX.AiGateway.Caching;
using MasterX.Tests.Hosts;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace MasterX.Tests.Gateway;

/// <summary>
/// Whoever leaves takes nothing with him that others still need: hundreds of callers for whom a call was made leave it while others wait
/// for it, and others' requests take what memory they gave back. Every provider answers with what it was asked, and every byte of that is
/// looked at.
/// </summary>
public sealed class BodyOwnershipTests
{
    private const int Callers = 64;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(true, true)]
    public async Task A_call_whose_creator_has_left_goes_on_with_its_own_bytes(bool stream, bool hedged)
    {
        await using var scene = await Scene.StartAsync(hedged, resumes: false);
        await scene.PlayAsync(stream);
    }

    [Fact]
    public async Task A_stream_whose_creator_has_left_is_resumed_with_its_own_bytes()
    {
        await using var scene = await Scene.StartAsync(hedged: false, resumes: true);
        await scene.PlayAsync(stream: true);
    }

    /// <summary>
    /// Three providers: one that keeps everybody waiting and then fails, or breaks off; one that answers; and one that answers the
    /// others, whose requests come in between. Of a hedged route the first never answers, and the one beside it fails.
    /// </summary>
    private sealed class Scene(bool resumes) : IAsyncDisposable
    {
        private readonly TaskCompletionSource _failing = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource _over = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly ConcurrentQueue<string> _foreign = new();
        private readonly ConcurrentDictionary<string, int> _asked = new();
        private readonly List<ScriptedProvider> _providers = [];
        private int _foreignersAsked;
        private GatewayHost? _gateway;

        public static async Task<Scene> StartAsync(bool hedged, bool resumes)
        {
            var scene = new Scene(resumes);
            foreach (var answer in (Func<HttpContext, Task>[])[scene.HangAsync, scene.FailAsync, scene.EchoAsync, scene.EchoLateAsync])
            {
                scene._providers.Add(await ScriptedProvider.StartAsync(answer));
            }

            (string, string?)[] candidates = hedged
                ? [("Gateway:Routes:kept:Candidates:0", "groq/m"), ("Gateway:Routes:kept:Candidates:1", "gemini/m"),
                    ("Gateway:Routes:kept:Candidates:2", "openai/m"), ("Gateway:Routes:kept:HedgeAfter", "00:00:00.010")]
                : [("Gateway:Routes:kept:Candidates:0", "gemini/m"), ("Gateway:Routes:kept:Candidates:1", "openai/m")];
            scene._gateway = new GatewayHost(
            [
                .. candidates, ("Gateway:Routes:kept:Cache", "00:05:00"), ("Gateway:Routes:kept:Resume", resumes ? "true" : "false"),
                .. new[] { "groq", "gemini", "openai", "anthropic" }.Zip(scene._providers).SelectMany(pair => new (string, string?)[]
                {
                    ($"Gateway:Providers:{pair.First}:Kind", "openai"), ($"Gateway:Providers:{pair.First}:BaseUrl", pair.Second.Url),
                    ($"Gateway:Providers:{pair.First}:RequestsPerMinute", "0"),
                    ($"Gateway:Providers:{pair.First}:Circuit:MinimumThroughput", "10000"),
                }),
            ]);
            return scene;
        }

        public async Task PlayAsync(bool stream)
        {
            using var leaving = CancellationTokenSource.CreateLinkedTokenSource(Token);
            var creators = Ask(stream, "kept", leaving.Token);
            await UntilAsync(() => _asked.Count == Callers);
            var followers = Ask(stream, "kept", Token);
            await UntilAsync(() => Waiting() == 2 * Callers);
            await leaving.CancelAsync();
            foreach (var creator in creators)
            {
                await Assert.ThrowsAnyAsync<OperationCanceledException>(() => creator);
            }

            await UntilAsync(() => Waiting() == Callers);
            var others = Ask(stream: false, "anthropic/m", Token, "other");
            await UntilAsync(() => Volatile.Read(ref _foreignersAsked) == Callers);
            _failing.SetResult();

            var answers = await Task.WhenAll(followers);
            var kept = await Task.WhenAll(Ask(stream, "kept", Token));
            _over.SetResult();
            var otherAnswers = await Task.WhenAll(others);

            Assert.Empty(_foreign);
            Assert.All(answers, (answer, i) => Assert.Equal(Prompt($"kept-{i:000}"), answer));
            Assert.Equal(answers, kept);
            Assert.All(otherAnswers, (answer, i) => Assert.Equal(Prompt($"other-{i:000}"), answer));
            Assert.All(_asked, asked => Assert.Equal(1, asked.Value));
            Assert.Equal(0, PoisoningPool.Instance.WrittenAfterReturn);
            Assert.Equal((0, 0), _gateway!.Services.GetRequiredService<StreamRecordings>().Held);
        }

        public async ValueTask DisposeAsync()
        {
            _failing.TrySetResult();
            _over.TrySetResult();
            await _gateway!.DisposeAsync();
            foreach (var provider in _providers)
            {
                await provider.DisposeAsync();
            }
        }

        /// <summary>Every byte of it says whose it is; all are of one length.</summary>
        private static string Prompt(string marker) => string.Concat(Enumerable.Repeat(marker.PadRight(10), 300));

        private static async Task UntilAsync(Func<bool> condition)
        {
            while (!condition())
            {
                await Task.Delay(5, Token);
            }
        }

        private int Waiting() =>
            _gateway!.Services.GetRequiredService<CachedAnswers>().Waiting
            + _gateway.Services.GetRequiredService<StreamRecordings>().Followers;

        private Task<string>[] Ask(bool stream, string model, CancellationToken cancellationToken, string marker = "kept") =>
            [.. Enumerable.Range(0, Callers).Select(i => AskAsync(stream, model, Prompt($"{marker}-{i:000}"), cancellationToken))];

        private async Task<string> AskAsync(bool stream, string model, string prompt, CancellationToken cancellationToken)
        {
            var request = new { model, stream, messages = new[] { new { role = "user", content = prompt } } };
            using var answer = await _gateway!.Http.PostAsJsonAsync("/v1/chat/completions", request, cancellationToken);
            var body = await answer.Content.ReadAsStringAsync(cancellationToken);
            Assert.True(answer.IsSuccessStatusCode, body);
            return stream
                ? string.Concat(body.Split('\n')
                    .Where(line => line.StartsWith("data: {", StringComparison.Ordinal)).Select(line => Text(line[6..])))
                : JsonElement.Parse(body).Text("choices", "0", "message", "content")!;
        }

        private static string Text(string chunk) =>
            JsonElement.Parse(chunk).GetProperty("choices")[0].GetProperty("delta").TryGetProperty("content", out var text)
                ? text.GetString()!
                : "";

        private async Task HangAsync(HttpContext context)
        {
            await ReadAsync(context);
            await _over.Task.WaitAsync(context.RequestAborted);
        }

        private async Task FailAsync(HttpContext context)
        {
            var (prompt, _) = await ReadAsync(context);
            _asked.AddOrUpdate(prompt, 1, static (_, before) => before + 1);
            if (resumes)
            {
                await SendAsync(context, prompt[..1000]);
            }

            await _failing.Task.WaitAsync(context.RequestAborted);
            if (resumes)
            {
                context.Abort();
                return;
            }

            await ScriptedProvider.JsonAsync(context, """{"error":{"message":"overloaded"}}""", StatusCodes.Status503ServiceUnavailable);
        }

        private async Task EchoAsync(HttpContext context)
        {
            var (prompt, streams) = await ReadAsync(context);
            if (streams)
            {
                await SendAsync(context, resumes ? prompt[1000..] : prompt);
                await context.Response.WriteAsync(
                    "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n",
                    context.RequestAborted);
                return;
            }

            await AnswerAsync(context, prompt);
        }

        private async Task EchoLateAsync(HttpContext context)
        {
            var (prompt, _) = await ReadAsync(context);
            Interlocked.Increment(ref _foreignersAsked);
            await _over.Task.WaitAsync(context.RequestAborted);
            await AnswerAsync(context, prompt);
        }

        private static Task AnswerAsync(HttpContext context, string text) =>
            ScriptedProvider.JsonAsync(
                context, ScriptedProvider.Completion.Replace("\"hi\"", JsonSerializer.Serialize(text), StringComparison.Ordinal));

        private static async Task SendAsync(HttpContext context, string text)
        {
            context.Response.ContentType = "text/event-stream";
            var content = JsonSerializer.Serialize(text);
            await context.Response.WriteAsync(
                $"data: {{\"choices\":[{{\"index\":0,\"delta\":{{\"content\":{content}}},\"finish_reason\":null}}]}}\n\n",
                context.RequestAborted);
            await context.Response.Body.FlushAsync(context.RequestAborted);
        }

        /// <summary>The prompt, if it is one that was sent, whole and unmixed; anything else is put on record.</summary>
        private async Task<(string Prompt, bool Streams)> ReadAsync(HttpContext context)
        {
            using var reader = new StreamReader(context.Request.Body);
            var body = await reader.ReadToEndAsync(context.RequestAborted);
            try
            {
                using var json = JsonDocument.Parse(body);
                var prompt = json.RootElement.GetProperty("messages")[0].GetProperty("content").GetString()!;
                if (prompt != Prompt(prompt[..10].TrimEnd()))
                {
                    _foreign.Enqueue(prompt);
                }

                return (prompt, json.RootElement.TryGetProperty("stream", out var stream) && stream.GetBoolean());
            }
            catch (JsonException)
            {
                _foreign.Enqueue(body);
                throw;
            }
        }
    }
}
