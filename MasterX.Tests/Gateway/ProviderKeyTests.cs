using System.Collections.Concurrent;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using MasterX.Tests.Hosts;
using Microsoft.AspNetCore.Http;

namespace MasterX.Tests.Gateway;

/// <summary>A provider with several keys: what is wrong with one of them is made good by another, and a conversation stays on one.</summary>
public sealed class ProviderKeyTests : IAsyncDisposable
{
    private const string Event = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"hi\"},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";

    private readonly ConcurrentQueue<string> _seen = new();
    private ScriptedProvider? _provider;
    private GatewayHost? _gateway;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(401, """{"error":{"message":"Incorrect API key","code":"invalid_api_key"}}""", "key_refused")]
    [InlineData(402, """{"error":{"message":"Insufficient Balance"}}""", "out_of_credit")]
    [InlineData(403, """{"error":{"message":"no","code":"insufficient_permissions"}}""", "key_refused")]
    [InlineData(429, """{"error":{"message":"Rate limit reached","code":"rate_limit_exceeded"}}""", "provider_limited")]
    [InlineData(429, """{"error":{"message":"You exceeded your current quota.","code":"insufficient_quota"}}""", "out_of_credit")]
    public async Task Another_key_answers_at_once_and_the_refused_one_alone_is_left_alone(int status, string body, string outcome)
    {
        foreach (var (stream, hedge) in new[] { (false, "0"), (true, "0"), (false, "00:01:00") })
        {
            await DisposeAsync();
            string? refused = null;
            await StartAsync(
                (context, key) => key == (refused ??= key) ? RefuseAsync(context, body, status) : AnswerAsync(context),
                ("Gateway:Routes:r:HedgeAfter", hedge));

            using var first = await AskAsync("hello", stream);
            using var second = await AskAsync("hello", stream);

            Assert.Equal((200, "several", "2", "several", "1"), (
                (int)first.StatusCode, first.Header("x-masterx-provider"), first.Header("x-masterx-attempts"),
                second.Header("x-masterx-provider"), second.Header("x-masterx-attempts")));
            Assert.Matches($"outcome={outcome};key=[0-2];status={status}.*outcome=success;key=[0-2]", first.Header("x-masterx-attempt-list")!);
            Assert.Equal(3, _seen.Count);
            Assert.Single(_seen, refused);
            Assert.Equal("available", (await StateAsync())["status"]!.GetValue<string>());
        }
    }

    [Theory]
    [InlineData(500, "{}")]
    [InlineData(404, """{"error":{"message":"no","code":"model_not_found"}}""")]
    [InlineData(400, """{"error":{"message":"This model's maximum context length is 8 tokens."}}""")]
    public async Task What_is_not_the_keys_goes_to_the_next_candidate(int status, string body)
    {
        await StartAsync((context, _) => RefuseAsync(context, body, status));

        using var answer = await AskAsync("hello");

        Assert.Equal(("groq", "2"), (answer.Header("x-masterx-provider"), answer.Header("x-masterx-attempts")));
        Assert.Single(_seen);
    }

    [Fact]
    public async Task A_provider_is_unavailable_once_all_its_keys_are()
    {
        await StartAsync((context, _) => RefuseAsync(context, "{}", 401));

        using var first = await AskAsync("hello");
        using var second = await AskAsync("hello");
        var state = await StateAsync();

        Assert.Equal(("groq", "4", "groq", "2"), (
            first.Header("x-masterx-provider"), first.Header("x-masterx-attempts"), second.Header("x-masterx-provider"), second.Header("x-masterx-attempts")));
        Assert.Equal(["key-of-a", "key-of-b", "key-of-c"], _seen.Order());
        Assert.Equal("unavailable", state["status"]!.GetValue<string>());
        Assert.Equal([30, 30, 30], state["keys"]!.AsArray().Select(key => key!["cooling_down_seconds"]!.GetValue<int>()));
    }

    [Fact]
    public async Task A_probe_looks_past_a_refused_key()
    {
        var probes = 0;
        await StartAsync(
            (context, key) =>
            {
                Interlocked.Increment(ref probes);
                return RefuseAsync(context, "{}", key == "key-of-c" ? 200 : 401);
            },
            ("Gateway:ProbeIdleAfter", "00:00:00.100"));
        while (Volatile.Read(ref probes) < 7)
        {
            await Task.Delay(20, Token);
        }

        Assert.Equal("available", (await StateAsync())["status"]!.GetValue<string>());
    }

    [Fact]
    public async Task Each_key_has_its_own_limits_and_the_providers_where_it_has_none()
    {
        await StartAsync(
            (context, _) => AnswerAsync(context), ("Gateway:Providers:several:RequestsPerMinute", "1"), ("Gateway:Providers:several:ApiKeys:2:RequestsPerMinute", "2"),
            ("Gateway:Routes:r:Candidates:1", null));

        var statuses = new List<int>();
        for (var i = 0; i < 5; i++)
        {
            using var answer = await AskAsync("hello");
            statuses.Add((int)answer.StatusCode);
        }

        Assert.Equal([200, 200, 200, 200, 429], statuses);
        Assert.Equal(["key-of-a", "key-of-b", "key-of-c", "key-of-c"], _seen.Order());
    }

    [Fact]
    public async Task A_conversation_stays_on_its_key_and_conversations_are_spread()
    {
        await StartAsync((context, _) => AnswerAsync(context));
        var keys = new HashSet<string>();
        for (var i = 0; i < 24; i++)
        {
            using var begin = await PostAsync(new { model = "r", messages = new object[] { new { role = "system", content = "S" }, new { role = "user", content = $"hello {i}" } } });
            var key = _seen.Last();
            keys.Add(key);
            using var next = await PostAsync(new
            {
                // As clients send it that mark for the cache: the text has become a part.
                messages = new object[]
                {
                    new { role = "system", content = new[] { new { type = "text", text = "S", cache_control = new { type = "ephemeral" } } } },
                    new { role = "user", content = $"hello {i}" }, new { role = "assistant", content = "hi" }, new { role = "user", content = "more" },
                },
                model = "r",
                temperature = 0.5,
            });
            Assert.Equal(key, _seen.Last());
        }

        Assert.Equal(3, keys.Count);
    }

    [Fact]
    public async Task A_cache_key_wins_over_the_words_within_one_consumer()
    {
        await StartAsync((context, _) => AnswerAsync(context));
        foreach (var i in Enumerable.Range(0, 12))
        {
            using var answer = await PostAsync(new { model = "r", prompt_cache_key = "k", messages = new[] { new { role = "user", content = $"hello {i}" } } });
        }

        Assert.Single(_seen.Distinct());
        foreach (var i in Enumerable.Range(0, 12))
        {
            using var answer = await PostAsync(new { model = "r", prompt_cache_key = "k", messages = new[] { new { role = "user", content = "hello" } } }, $"consumer-{i}");
        }

        Assert.True(_seen.Distinct().Count() > 1);
    }

    [Fact]
    public async Task Added_and_removed_keys_are_in_force_without_a_restart_and_one_that_stays_keeps_its_pause()
    {
        await StartAsync((context, key) => key == "key-of-a" ? RefuseAsync(context, "{}", 401) : AnswerAsync(context));
        for (var i = 0; !_seen.Contains("key-of-a"); i++)
        {
            using var answer = await AskAsync($"hello {i}");
        }

        _gateway!.Changes.Change(
            ("Gateway:Providers:several:ApiKeys:0:Key", "key-of-d"), ("Gateway:Providers:several:ApiKeys:1:Key", "key-of-a"), ("Gateway:Providers:several:ApiKeys:2:Key", "key-of-e"));
        _seen.Clear();
        for (var i = 0; i < 24; i++)
        {
            using var answer = await AskAsync($"hello {i}");
        }

        Assert.Equal(["key-of-d", "key-of-e"], _seen.Distinct().Order());
        Assert.NotEqual(0, (await StateAsync())["keys"]![1]!["cooling_down_seconds"]!.GetValue<int>());
    }

    [Fact]
    public async Task A_response_that_is_kept_is_asked_for_with_the_key_it_was_made_with()
    {
        await StartAsync((context, key) => ScriptedProvider.JsonAsync(
            context, $$"""{"id":"resp_{{key}}","object":"response","status":"completed","output":[{"type":"message","role":"assistant","content":[{"type":"output_text","text":"hi"}]}]}"""));
        for (var i = 0; i < 12; i++)
        {
            using var answer = await _gateway!.Http.PostAsJsonAsync("/v1/responses", new { model = "several/m", input = $"hello {i}" }, Token);
            var id = JsonNode.Parse(await answer.Content.ReadAsStringAsync(Token))!["id"]!.GetValue<string>();
            using var next = await _gateway.Http.PostAsJsonAsync("/v1/responses", new { model = "several/m", input = "more", previous_response_id = id }, Token);
            using var read = await _gateway.Http.GetAsync(new Uri($"/v1/responses/{id}", UriKind.Relative), Token);
        }

        Assert.Equal(36, _seen.Count);
        Assert.All(_seen.Chunk(3), one => Assert.Single(one.Distinct()));
        Assert.True(_seen.Distinct().Count() > 1);
    }

    [Fact]
    public async Task No_key_of_the_provider_is_in_what_it_says()
    {
        await StartAsync((context, _) => RefuseAsync(context, """{"error":{"message":"key-of-a-and-more and key-of-b-and-more and key-of-c-and-more"}}""", 400), "-and-more", ("Gateway:Routes:r:Candidates:1", null));

        using var answer = await AskAsync("hello");
        var text = await answer.Content.ReadAsStringAsync(Token);

        Assert.Equal((400, false), ((int)answer.StatusCode, text.Contains("key-of", StringComparison.Ordinal)));
        Assert.Contains("[redacted] and [redacted] and [redacted]", text, StringComparison.Ordinal);
    }

    public async ValueTask DisposeAsync()
    {
        _seen.Clear();
        await (_gateway?.DisposeAsync() ?? default);
        await (_provider?.DisposeAsync() ?? default);
    }

    private Task StartAsync(Func<HttpContext, string, Task> answer, params (string, string?)[] settings) => StartAsync(answer, "", settings);

    private async Task StartAsync(Func<HttpContext, string, Task> answer, string suffix, params (string, string?)[] settings)
    {
        _provider = await ScriptedProvider.StartAsync(context =>
        {
            var key = context.Request.Headers.Authorization.ToString().Split(' ')[^1];
            _seen.Enqueue(key);
            return answer(context, key);
        });
        var all = new Dictionary<string, string?>
        {
            ["Gateway:Providers:several:BaseUrl"] = _provider.Url, ["Gateway:Providers:several:RequestsPerMinute"] = "0",
            ["Gateway:Providers:several:ApiKeys:0:Key"] = "key-of-a" + suffix, ["Gateway:Providers:several:ApiKeys:1:Key"] = "key-of-b" + suffix,
            ["Gateway:Providers:several:ApiKeys:2:Key"] = "key-of-c" + suffix,
            ["Gateway:Routes:r:Candidates:0"] = "several/m", ["Gateway:Routes:r:Candidates:1"] = "groq/m",
        };
        foreach (var (setting, value) in settings)
        {
            all[setting] = value;
        }

        _gateway = new GatewayHost(all.Where(setting => setting.Value is not null).Select(setting => (setting.Key, setting.Value)));
    }

    private static async Task AnswerAsync(HttpContext context)
    {
        var request = (await JsonNode.ParseAsync(context.Request.Body, cancellationToken: context.RequestAborted))!;
        if (request["stream"]?.GetValue<bool>() == true)
        {
            context.Response.ContentType = "text/event-stream";
            await context.Response.WriteAsync(Event, context.RequestAborted);
            return;
        }

        await ScriptedProvider.JsonAsync(context, ScriptedProvider.Completion);
    }

    private static Task RefuseAsync(HttpContext context, string body, int status) => ScriptedProvider.JsonAsync(context, body, status);

    private Task<HttpResponseMessage> AskAsync(string prompt, bool stream = false) =>
        PostAsync(new { model = "r", stream, messages = new[] { new { role = "user", content = prompt } } });

    private Task<HttpResponseMessage> PostAsync(object body, string consumer = "anna")
    {
        var message = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions") { Content = JsonContent.Create(body) };
        message.Headers.Add("x-masterx-consumer", consumer);
        return _gateway!.Http.SendAsync(message, Token);
    }

    private async Task<JsonNode> StateAsync()
    {
        var all = JsonNode.Parse(await _gateway!.Http.GetStringAsync(new Uri("/providers", UriKind.Relative), Token))!["providers"]!.AsArray();
        return all.First(provider => provider!["name"]!.GetValue<string>() == "several")!;
    }
}
