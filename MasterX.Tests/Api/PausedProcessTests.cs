using System.Text;
using MasterX.Tests.Hosts;

namespace MasterX.Tests.Api;

/// <summary>Two processes on one database, of which one stands still for longer than its hold: the request is the other's then, and there is one answer to it.</summary>
public sealed class PausedProcessTests : IAsyncLifetime
{
    private readonly DataFolder _folder = new();
    private readonly GatewayHost _gateway = new();
    private ApiProcess _paused = null!, _other = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        (string, string)[] settings = [("Storage", "embedded"), ("Embedded__Directory", _folder.Path), ("Idempotency__Hold", "00:00:01"), ("Embedded__BusyTimeout", "00:00:01")];
        (_paused, _other) = (await ApiProcess.StartAsync(_gateway, settings), await ApiProcess.StartAsync(_gateway, settings));
    }

    public async ValueTask DisposeAsync()
    {
        await _paused.DisposeAsync();
        await _other.DisposeAsync();
        await _gateway.DisposeAsync();
        _folder.Dispose();
    }

    [Theory]
    [InlineData("/api/ai/generate", """{"prompt":"once","model":"openai/gpt-4.1-mini"}""", true)]
    [InlineData("/v1/chat/completions", """{"model":"openai/gpt-4.1-mini","messages":[{"role":"user","content":"once"}]}""", false)]
    public async Task Who_goes_on_answers_as_the_other_did_and_both_calls_are_booked(string path, string body, bool isKept)
    {
        await _gateway.Emulator.BreakAsync("openai", new { latency_ms = 3000 });
        using HttpClient late = _paused.ClientWith(ApiProcess.AdminKey), client = _other.ClientWith(ApiProcess.AdminKey);
        var pending = late.SendAsync(Request(path, body), Token);
        await ApiCalls.UntilAsync(async () => await _gateway.Emulator.CallsAsync("openai") == 1, "the first call");
        await PauseAsync();

        using var taken = await client.SendAsync(Request(path, body), Token);
        await _paused.ContinueAsync();
        using var answer = await pending;

        Assert.Equal(await taken.Content.ReadAsStringAsync(Token), await answer.Content.ReadAsStringAsync(Token));
        Assert.Equal((200, 200), ((int)taken.StatusCode, (int)answer.StatusCode));
        Assert.Null(taken.Header("Idempotency-Replayed"));
        Assert.Equal("true", answer.Header("Idempotency-Replayed"));
        Assert.Equal(2, await _gateway.Emulator.CallsAsync("openai"));
        Assert.Equal(isKept ? 1 : 0, (await client.GetJsonAsync("/api/ai/generations")).GetProperty("items").GetArrayLength());
        await ApiCalls.UntilAsync(async () => (await client.GetJsonAsync("/api/usage")).Text("total", "requests") == "2", "both calls to be booked");
        using var again = await late.SendAsync(Request(path, body), Token);
        Assert.Equal(await taken.Content.ReadAsStringAsync(Token), await again.Content.ReadAsStringAsync(Token));
    }

    [Theory]
    [InlineData("/api/ai/generate", """{"prompt":"once","model":"openai/gpt-4.1-mini","stream":true}""", "event: done")]
    [InlineData("/v1/chat/completions", """{"model":"openai/gpt-4.1-mini","stream":true,"messages":[{"role":"user","content":"once"}]}""", "[DONE]")]
    public async Task A_stream_that_goes_on_is_cut_and_the_others_is_the_one_that_is_kept(string path, string body, string end)
    {
        await _gateway.Emulator.BreakAsync("openai", new { trickle_ms = 300 });
        using HttpClient late = _paused.ClientWith(ApiProcess.AdminKey), client = _other.ClientWith(ApiProcess.AdminKey);
        using var begun = await late.SendAsync(Request(path, body), HttpCompletionOption.ResponseHeadersRead, Token);
        await PauseAsync();

        using var taken = await client.SendAsync(Request(path, body), Token);
        await _paused.ContinueAsync();

        Assert.Contains(end, await taken.Content.ReadAsStringAsync(Token), StringComparison.Ordinal);
        await Assert.ThrowsAnyAsync<Exception>(() => begun.Content.ReadAsStringAsync(Token));
        using var again = await late.SendAsync(Request(path, body), Token);
        Assert.Equal("true", again.Header("Idempotency-Replayed"));
        Assert.Equal(await taken.Content.ReadAsStringAsync(Token), await again.Content.ReadAsStringAsync(Token));
        await ApiCalls.UntilAsync(async () => (await client.GetJsonAsync("/api/usage")).Text("total", "requests") == "2", "both calls to be booked");
        if (path.StartsWith("/api", StringComparison.Ordinal))
        {
            var generation = Assert.Single((await client.GetJsonAsync("/api/ai/generations")).GetProperty("items").EnumerateArray());
            Assert.Equal("True", generation.Text("success"));
        }
    }

    /// <summary>Not in the middle of a write: SQLite's one writer would let nobody else write until it goes on, which is a 503 for them.</summary>
    private async Task PauseAsync()
    {
        using var client = _other.ClientWith(ApiProcess.AdminKey);
        while (true)
        {
            await _paused.PauseAsync();
            using var written = await client.SendAsync("POST", "/api/users", new { name = "a", email = $"{Guid.NewGuid():N}@example.com" });
            if (written.IsSuccessStatusCode)
            {
                return;
            }

            await _paused.ContinueAsync();
        }
    }

    private static HttpRequestMessage Request(string path, string body) =>
        new(HttpMethod.Post, path) { Content = new StringContent(body, Encoding.UTF8, "application/json"), Headers = { { "Idempotency-Key", "name" }, { "x-masterx-cache", "off" } } };
}
