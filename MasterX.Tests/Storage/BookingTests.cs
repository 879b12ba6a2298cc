using System.Collections.Concurrent;
using System.Globalization;
using System.Net.Http.Json;
using MasterX.Api.Storage.Embedded;
using MasterX.Api.Storage.Mongo;
using MasterX.Tests.Api;
using MasterX.Tests.Hosts;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;
using MongoDB.Bson;
using MongoDB.Driver;

namespace MasterX.Tests.Storage;

/// <summary>
/// The provider keeps a ledger of its own, in which every call has a number that is also its count of tokens. The API is killed and stopped in
/// the middle of calls that are answered, streamed, broken off, refused and left, time and again; in the end what is booked is what is in
/// the ledger, every call once.
/// </summary>
public sealed class BookingTests(MongoServer mongo) : IClassFixture<MongoServer>
{
    private const int Workers = 8;

    /// <summary>Rounds, each of which ends with the death of the API; many more are worth it by hand.</summary>
    private static readonly int Rounds = int.Parse(Environment.GetEnvironmentVariable("MASTERX_BOOKING_ROUNDS") ?? "5", CultureInfo.InvariantCulture);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task In_the_embedded_database()
    {
        using var folder = new DataFolder();
        await KillAndCompareAsync(
            async () =>
            {
                using var database = new EmbeddedDatabase(folder.Path);
                return await database.ReadAsync(
                    connection => (
                        connection.Command("SELECT input_tokens, estimated FROM spending").All(row => new Booked(row.GetInt64(0), row.GetInt64(1) != 0)),
                        // A file of open calls is gone when all of them are booked; the last process makes none of its own.
                        (long)connection.Command("SELECT count(*) FROM open_calls").ExecuteScalar()! + Directory.GetFiles(folder.Path, OpenCallFile.Pattern).Length),
                    Token);
            },
            () => Task.CompletedTask, ("Storage", "embedded"), ("Embedded__Directory", folder.Path));
    }

    [Fact]
    public async Task In_MongoDB()
    {
        Assert.SkipWhen(mongo.Url is null, mongo.Description);
        var name = $"masterx-test-{Guid.NewGuid():N}";
        using var client = new MongoClient(mongo.Url);
        var database = new MongoDatabase(client.GetDatabase(name), NullLogger<MongoDatabase>.Instance);
        await KillAndCompareAsync(
            async () =>
            {
                var calls = await database.Calls.Find(new BsonDocument()).ToListAsync(Token);
                return ([.. calls.SelectMany(call => call.Spent).Select(spent => new Booked(spent.InputTokens, spent.Estimated != 0))], calls.Count(call => call.State == 0));
            },
            () => new MongoCallStore(database).RepairAsync(DateTimeOffset.MaxValue, Token), ("Storage", "mongo"), ("MONGO_URL", mongo.Url!), ("DB_NAME", name));
    }

    /// <param name="read">What is booked, and how many calls are still open.</param>
    /// <param name="repair">Does at once what the next process does a minute after the one before it has died.</param>
    /// <param name="settings">Of the API.</param>
    private static async Task KillAndCompareAsync(Func<Task<(List<Booked> Booked, long Open)>> read, Func<Task> repair, params (string Name, string Value)[] settings)
    {
        var ledger = new Ledger();
        await using var provider = await ScriptedProvider.StartAsync(ledger.AnswerAsync);
        await using var gateway = new GatewayHost(("Gateway:Providers:openai:BaseUrl", provider.Url), ("Gateway:Providers:openai:RequestsPerMinute", "0"), ("Gateway:Providers:openai:Circuit:MinimumThroughput", "1000000"),
            ("Gateway:Prices:openai/m:Input", "0.001"), ("Gateway:Prices:openai/m:Output", "1"));
        string? key = null;
        var heard = new ConcurrentBag<long>();
        var random = new Random(13);
        for (var round = 0; round < Rounds; round++)
        {
            await using var api = await ApiProcess.StartAsync(gateway, settings);
            key ??= await MakeKeyAsync(api);
            using var client = api.ClientWith(key);
            using var over = new CancellationTokenSource();
            var enough = ledger.Calls + random.Next(40, 120);
            var workers = Enumerable.Range(0, Workers).Select(worker => CallAsync(client, new Random(worker + round * Workers), heard, over.Token)).ToArray();
            await ApiCalls.UntilAsync(() => Task.FromResult(ledger.Calls >= enough), "the provider is called", () => $"{ledger.Calls} of {enough}\n{api.Log}");

            if (round % 3 == 2)
            {
                var stopping = api.StopAsync();
                await over.CancelAsync();
                await stopping;
            }
            else
            {
                await api.KillAsync();
                await over.CancelAsync();
            }

            await Task.WhenAll(workers);
        }

        await using var last = await ApiProcess.StartAsync(gateway, settings);
        var (booked, open) = (new List<Booked>(), 1L);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(Token);
        patience.CancelAfter(TimeSpan.FromSeconds(90));
        while (open > 0)
        {
            Assert.False(patience.IsCancellationRequested, $"{open} calls are not booked: {last.Log}");
            await Task.Delay(500, Token);
            (booked, open) = await read();
        }

        // Whatever a caller has heard to its end is booked by its number; nothing is booked twice; and the rest is an estimate that says so, at least one for each call that cost something.
        var counted = booked.Where(one => !one.IsEstimated).Select(one => one.InputTokens).ToArray();
        Assert.Equal(counted.Length, counted.Distinct().Count());
        Assert.Empty(heard.Except(counted));
        Assert.True(heard.Count > Rounds * 10, $"{heard.Count} were heard to their end");
        Assert.InRange(booked.Count, ledger.Charged, ledger.Calls + Rounds * Workers);
        using var admin = last.ClientWith(ApiProcess.AdminKey);
        var usage = await admin.GetJsonAsync("/api/usage");

        // What was held for calls, and for several at once, by those that died is free, and what was spent is what was booked.
        await repair();
        using var consumer = last.ClientWith(key!);
        var budget = (await consumer.GetJsonAsync("/api/keys/self")).GetProperty("budget");
        Assert.Equal((0m, usage.GetProperty("total").GetProperty("cost_usd").GetDecimal()), (budget.GetProperty("held_usd").GetDecimal(), budget.GetProperty("spent_usd").GetDecimal()));
        Assert.Equal((booked.Count, booked.Sum(one => one.InputTokens)), (usage.GetProperty("total").GetProperty("requests").GetInt32(), usage.GetProperty("total").GetProperty("input_tokens").GetInt64()));
        Assert.Equal(booked.Count(one => one.IsEstimated), usage.GetProperty("total").GetProperty("estimated").GetInt32());
    }

    /// <summary>Of a consumer whose budget has room for all of it.</summary>
    private static async Task<string> MakeKeyAsync(ApiProcess api)
    {
        using var admin = api.ClientWith(ApiProcess.AdminKey);
        using var made = await admin.SendAsync("POST", "/api/keys", new { name = "busy", monthly_budget_usd = 1000, requests_per_minute = 1_000_000, max_concurrency = 100 });
        return (await made.JsonAsync()).Text("key")!;
    }

    /// <summary>Asks for one thing after the other, at both doors, streamed or not, and leaves one in five before the end.</summary>
    private static async Task CallAsync(HttpClient client, Random random, ConcurrentBag<long> heard, CancellationToken over)
    {
        while (!over.IsCancellationRequested)
        {
            var (generates, stream, leaves) = (random.Next(2) == 0, random.Next(2) == 0, random.Next(5) == 0);
            using var leaving = CancellationTokenSource.CreateLinkedTokenSource(Token);
            if (leaves)
            {
                leaving.CancelAfter(random.Next(1, 30));
            }

            try
            {
                using var message = generates
                    ? new HttpRequestMessage(HttpMethod.Post, "/api/ai/generate") { Content = JsonContent.Create(new { model = "openai/m", prompt = "hello", stream }) }
                    : new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions") { Content = JsonContent.Create(new { model = "openai/m", stream, messages = new[] { new { role = "user", content = "hello" } } }) };
                using var answer = await client.SendAsync(message, leaving.Token);
                var text = await answer.Content.ReadAsStringAsync(leaving.Token);
                if (answer.IsSuccessStatusCode && (!stream || text.Contains(generates ? "event: done" : "[DONE]", StringComparison.Ordinal)))
                {
                    heard.Add(long.Parse(text.AsSpan(text.IndexOf('#', StringComparison.Ordinal) + 1, 7), CultureInfo.InvariantCulture));
                }
            }
            catch (Exception cut) when (cut is HttpRequestException or IOException or OperationCanceledException)
            {
                // Left, or killed.
                await Task.Delay(5, Token);
            }
        }
    }

    private sealed record Booked(long InputTokens, bool IsEstimated);

    /// <summary>A provider that numbers what it has been asked.</summary>
    private sealed class Ledger
    {
        private int _calls, _charged;

        public int Calls => Volatile.Read(ref _calls);

        /// <summary>Calls that were not refused.</summary>
        public int Charged => Volatile.Read(ref _charged);

        public async Task AnswerAsync(HttpContext context)
        {
            using var body = new StreamReader(context.Request.Body);
            var stream = (await body.ReadToEndAsync()).Contains("\"stream\":true", StringComparison.Ordinal);
            var number = Interlocked.Increment(ref _calls) + 1_000_000;
            if (number % 7 == 0)
            {
                await ScriptedProvider.JsonAsync(context, """{"error":{"message":"down"}}""", 500);
                return;
            }

            Interlocked.Increment(ref _charged);
            await Task.Delay(number % 11, CancellationToken.None);
            var usage = $$"""{"prompt_tokens":{{number}},"completion_tokens":3,"total_tokens":{{number + 3}}}""";
            if (!stream)
            {
                await ScriptedProvider.JsonAsync(
                    context, $$"""{"id":"c","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"#{{number}}"},"finish_reason":"stop"}],"usage":{{usage}}}""");
                return;
            }

            context.Response.ContentType = "text/event-stream";
            await context.Response.WriteAsync("data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"#" + number + "\"}}]}\n\n");
            await context.Response.Body.FlushAsync();
            await Task.Delay(number % 13, CancellationToken.None);
            if (number % 5 == 0)
            {
                // It breaks off.
                return;
            }

            await context.Response.WriteAsync($"data: {{\"choices\":[{{\"index\":0,\"delta\":{{}},\"finish_reason\":\"stop\"}}]}}\n\ndata: {{\"choices\":[],\"usage\":{usage}}}\n\ndata: [DONE]\n\n");
        }
    }
}
