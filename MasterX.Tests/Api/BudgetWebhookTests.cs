using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using MasterX.Api.Calls;
using MasterX.Api.Keys;
using MasterX.Api.Storage;
using MasterX.Api.Storage.Embedded;
using MasterX.Tests.Hosts;
using Microsoft.Extensions.DependencyInjection;

namespace MasterX.Tests.Api;

/// <summary>What is told of budgets: once in each period, to a receiver that knows by whom.</summary>
public sealed class BudgetWebhookTests
{
    private const string Secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>The example of those who have written the specification.</summary>
    [Fact]
    public void A_signature_is_the_one_of_Standard_Webhooks() => Assert.Equal(
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", BudgetWebhook.Sign(Secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", """{"test": 2432232314}"""));

    [Theory]
    [InlineData("ftp://example.com", Secret, "Budgets__Webhook is no address")]
    [InlineData("https://example.com", null, "Budgets__WebhookSecret is missing")]
    [InlineData("https://example.com", "short", "Budgets__WebhookSecret is missing, or shorter")]
    [InlineData("https://example.com", "whsec_this is no base64 at all", "no base64")]
    public void A_receiver_that_cannot_be_is_told_at_start(string url, string? secret, string said)
    {
        var settings = new Microsoft.Extensions.Configuration.ConfigurationManager { ["Budgets:Webhook"] = url, ["Budgets:WebhookSecret"] = secret };

        Assert.Contains(said, string.Join('\n', new BudgetWebhook.Rule(settings).FindProblems()), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Over_two_replicas_each_part_of_a_budget_is_told_of_once_signed_and_again_after_a_failure()
    {
        var received = new ConcurrentQueue<(string Id, string Body, bool IsSigned, int Answered)>();
        await using var receiver = await ScriptedProvider.StartAsync(async context =>
        {
            using var reader = new StreamReader(context.Request.Body);
            var (id, stamp, body) = (context.Request.Headers["webhook-id"].ToString(), context.Request.Headers["webhook-timestamp"].ToString(), await reader.ReadToEndAsync(Token));
            var signature = Convert.ToBase64String(HMACSHA256.HashData(Convert.FromBase64String(Secret["whsec_".Length..]), Encoding.UTF8.GetBytes($"{id}.{stamp}.{body}")));
            var isFresh = Math.Abs(DateTimeOffset.UtcNow.ToUnixTimeSeconds() - long.Parse(stamp, System.Globalization.CultureInfo.InvariantCulture)) < 60;
            var status = received.IsEmpty ? 500 : 204;
            received.Enqueue((id, body, isFresh && context.Request.Headers["webhook-signature"] == $"v1,{signature}", status));
            context.Response.StatusCode = status;
        });
        await using var provider = await ScriptedProvider.StartAsync(context => ScriptedProvider.JsonAsync(context, ScriptedProvider.Completion));
        using var folder = new DataFolder();
        await using var one = Start(folder, provider, receiver.Url);
        await using var two = Start(folder, provider, receiver.Url);
        await two.WaitReadyAsync();
        await one.WaitReadyAsync();
        using var made = await one.Http.SendAsync("POST", "/api/projects", new { name = "the shop", monthly_budget_usd = 0.0001, budget_warn_at = new[] { 0.5 } });
        var project = (await made.JsonAsync()).Text("id")!;
        var (_, key, client) = await one.MakeKeyAsync(new { project_id = project });
        using var here = client;
        using var there = two.ClientWith(key);

        Assert.Equal(HttpStatusCode.OK, await AskAsync(here));
        await TakenAsync("budget.warning");
        Assert.Equal(HttpStatusCode.OK, await AskAsync(there));
        await TakenAsync("budget.spent");

        // Nothing is left, and everybody goes on asking.
        Assert.Equal((HttpStatusCode.PaymentRequired, HttpStatusCode.PaymentRequired), (await AskAsync(here), await AskAsync(there)));
        var alerts = one.Services.GetRequiredService<IBudgetAlertStore>();
        await ApiCalls.UntilAsync(async () => (await alerts.ListDueAsync(DateTimeOffset.UtcNow.AddDays(1), 10, Token)).Count == 0, "all is sent");

        Assert.All(received, message => Assert.True(message.IsSigned));
        Assert.Equal(2, received.Select(message => message.Id).Distinct().Count());
        Assert.Equal(["budget.spent", "budget.warning"], received.Where(message => message.Answered == 204).Select(message => TypeOf(message.Body)).Order(StringComparer.Ordinal));
        Assert.Equal(received.First().Id, received.Single(message => message.Answered == 204 && TypeOf(message.Body) == "budget.warning").Id);
        var data = JsonDocument.Parse(received.First().Body).RootElement.GetProperty("data");
        Assert.Equal(("project", project, "the shop", "month", "0.5", "0.0001", "0.00006"), (data.Text("of"), data.Text("id"), data.Text("name"), data.Text("period"), data.Text("part"), data.Text("limit_usd"), data.Text("spent_usd")));

        // Both are in this process, and count together.
        var metrics = await PrometheusText.ReadAsync(one.Http);
        Assert.Equal((1, 1), (metrics.Value("masterx_budget_warnings_total", ("of", "project"), ("level", "warning")), metrics.Value("masterx_budget_warnings_total", ("of", "project"), ("level", "spent"))));
        Assert.All(await RowsAsync(folder), row => Assert.StartsWith("api_", row.SentBy, StringComparison.Ordinal));

        Task TakenAsync(string type) => ApiCalls.UntilAsync(() => Task.FromResult(received.Any(message => message.Answered == 204 && TypeOf(message.Body) == type)), $"{type} is taken");
    }

    /// <summary>A budget in which there is room, but not for another call, is spent; one that is held by calls under way, or too small for what was asked, is not.</summary>
    [Fact]
    public async Task A_budget_that_refuses_for_what_is_spent_is_told_of_as_spent()
    {
        await using var provider = await ScriptedProvider.StartAsync(context => ScriptedProvider.JsonAsync(context, ScriptedProvider.Completion));
        using var folder = new DataFolder();
        await using var api = Start(folder, provider, null);
        var (id, _, client) = await api.MakeKeyAsync(new { daily_budget_usd = 0.00105 });
        using var consumer = client;
        var alerts = api.Services.GetRequiredService<IBudgetAlertStore>();

        Assert.Equal(HttpStatusCode.PaymentRequired, await AskAsync(consumer, 1000));
        Assert.Equal(HttpStatusCode.OK, await AskAsync(consumer, 100));
        await ApiCalls.UntilAsync(async () => (await consumer.GetJsonAsync("/api/keys/self")).Text("budget", "held_usd") == "0", "the call is settled");
        Assert.Equal(HttpStatusCode.PaymentRequired, await AskAsync(consumer, 100));

        await ApiCalls.UntilAsync(async () => (await RowsAsync(folder)).Count > 0, "it is told of");
        Assert.Equal([($"{BudgetPeriod.IdOf(id, DateTimeOffset.UtcNow, BudgetKinds.Day)}@1", null)], await RowsAsync(folder));
        Assert.Empty(await alerts.ListDueAsync(DateTimeOffset.UtcNow.AddDays(1), 10, Token));
    }

    /// <summary>A process that died between the booking and the telling: the next one tells.</summary>
    [Fact]
    public async Task What_was_spent_and_not_told_of_is_told_of_at_the_next_start()
    {
        await using var provider = await ScriptedProvider.StartAsync(context => ScriptedProvider.JsonAsync(context, ScriptedProvider.Completion));
        using var folder = new DataFolder();
        string id;
        await using (var api = Start(folder, provider, null))
        {
            (id, _, var client) = await api.MakeKeyAsync(new { monthly_budget_usd = 1 });
            using var consumer = client;
            Assert.Equal(HttpStatusCode.OK, await AskAsync(consumer, 100));
            await ApiCalls.UntilAsync(async () => (await consumer.GetJsonAsync("/api/keys/self")).Text("budget", "spent_usd") == "0.00006", "the call is settled");
        }

        using (var database = new EmbeddedDatabase(folder.Path))
        {
            var (keys, key) = ((IKeyStore)new EmbeddedKeyStore(database), (await new EmbeddedKeyStore(database).FindAsync(id, Token))!);
            await keys.UpdateAsync(key with { MonthlyBudgetUsd = 0.00006m, Version = key.Version + 1 }, Token);
            Assert.Empty(await RowsAsync(folder));
        }

        await using var next = Start(folder, provider, null);

        await ApiCalls.UntilAsync(async () => (await RowsAsync(folder)).Count == 1, "it is told of");
    }

    private static ApiHost Start(DataFolder folder, ScriptedProvider provider, string? webhook) => new(
        [("Budgets:Webhook", webhook), ("Budgets:WebhookSecret", Secret)], folder: folder,
        gateway: new GatewayHost(("Gateway:Providers:openai:BaseUrl", provider.Url), ("Gateway:Prices:openai/m:Input", "1"), ("Gateway:Prices:openai/m:Output", "10")));

    private static async Task<HttpStatusCode> AskAsync(HttpClient client, int? most = null)
    {
        using var answer = await client.SendAsync("POST", "/api/ai/generate", new { model = "openai/m", prompt = "x", max_tokens = most });
        return answer.StatusCode;
    }

    /// <summary>What the store knows to have been told, and by whom.</summary>
    private static async Task<IReadOnlyList<(string Id, string? SentBy)>> RowsAsync(DataFolder folder)
    {
        using var database = new EmbeddedDatabase(folder.Path);
        return await database.ReadAsync(connection => connection.Command("SELECT id, sent_by FROM budget_alerts").All(row => (row.GetString(0), row.IsDBNull(1) ? null : row.GetString(1))), Token);
    }

    private static string TypeOf(string body) => JsonDocument.Parse(body).RootElement.Text("type")!;
}
