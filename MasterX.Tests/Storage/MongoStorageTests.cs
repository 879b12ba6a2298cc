using MasterX.Api.Audit;
using MasterX.Api.Calls;
using MasterX.Api.Projects;
using MasterX.Api.Storage;
using MasterX.Api.Storage.Mongo;
using Microsoft.Extensions.Logging.Abstractions;
using MongoDB.Driver;

namespace MasterX.Tests.Storage;

/// <summary>The storage contract on MongoDB, over a real connection; a database of its own for each test.</summary>
public sealed class MongoStorageTests(MongoServer server) : StorageContract, IClassFixture<MongoServer>
{
    private MongoClient? _client;
    private MongoDatabase? _database;

    private protected override IDatabase Database => _database!;

    private protected override IUserStore Users => new MongoUserStore(_database!);

    private protected override IGenerationStore Generations => new MongoGenerationStore(_database!);

    private protected override IKeyStore Keys => new MongoKeyStore(_database!);

    private protected override IProjectStore Projects => new MongoProjectStore(_database!);

    private protected override IAuditStore Audit => new MongoAuditStore(_database!);

    private protected override IBudgetAlertStore Alerts => new MongoBudgetAlertStore(_database!);

    private protected override ICallStore Calls => new MongoCallStore(_database!);

    private protected override IUsageStore Usage => new MongoUsageStore(_database!);

    private protected override IIdempotencyStore Records => new MongoIdempotencyStore(_database!);

    private string Name { get; } = $"masterx-test-{Guid.NewGuid():N}";

    public override ValueTask InitializeAsync()
    {
        Assert.SkipWhen(server.Url is null, server.Description);
        _client = new MongoClient(server.Url);
        _database = new MongoDatabase(_client.GetDatabase(Name), NullLogger<MongoDatabase>.Instance);
        return base.InitializeAsync();
    }

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        if (_client is not null)
        {
            await _client.DropDatabaseAsync(Name);
            _client.Dispose();
        }
    }

    [Fact]
    public async Task A_database_whose_addresses_were_unique_over_all_keys_is_so_no_more()
    {
        var users = _client!.GetDatabase(Name).GetCollection<UserDocument>(MongoSchema.Users);
        await users.Indexes.CreateOneAsync(
            new CreateIndexModel<UserDocument>(Builders<UserDocument>.IndexKeys.Ascending(user => user.EmailNormalized), new CreateIndexOptions { Name = "email_unique", Unique = true }),
            cancellationToken: TestContext.Current.CancellationToken);

        await _database!.InitializeAsync(TestContext.Current.CancellationToken);

        var names = (await (await users.Indexes.ListAsync(TestContext.Current.CancellationToken)).ToListAsync(TestContext.Current.CancellationToken)).Select(index => index["name"].AsString).ToArray();
        Assert.DoesNotContain("email_unique", names);
        Assert.Contains("email_unique_by_key", names);
    }

    /// <summary>No transaction joins a call's booking and its budget: what a process that died has booked is in what the budget has spent all the same, once.</summary>
    [Theory]
    [InlineData(0.5, false)]
    [InlineData(0, false)]
    [InlineData(0, true)]
    public async Task A_call_that_was_booked_and_not_yet_paid_from_its_budget_is_paid_by_whoever_comes_next(double held, bool isDrawn)
    {
        var token = TestContext.Current.CancellationToken;
        var (at, budgetId) = (DateTimeOffset.UtcNow, BudgetPeriod.IdOf("key_1", DateTimeOffset.UtcNow));
        var call = new Call
        {
            Id = Identifier.New("call"), KeyId = "key_1", At = at, Instance = "api_1", Expected = new(1, 2, (decimal)held), IsDrawn = isDrawn,
            Reserved = [new(budgetId, (decimal)held, isDrawn || held > 0 ? 100 : BudgetPeriod.Unlimited, true)],
        };
        await Calls.OpenAsync([call], token);
        SpendingDocument[] spent = [SpendingDocument.Of(new("gemini", "m", "success", 10, 20, 0, 0, 0, 0.25m, false))];
        await _database!.Calls.UpdateOneAsync(
            Builders<CallDocument>.Filter.Eq(known => known.Id, call.Id), Builders<CallDocument>.Update.Set(known => known.State, (int)CallState.Settled).Set(known => known.Spent, spent), cancellationToken: token);

        for (var i = 0; i < 2; i++)
        {
            await Calls.RepairAsync(DateTimeOffset.MaxValue, token);
            Assert.Equal((0.25m, 0m), await Calls.ReadBudgetAsync(budgetId, token));
        }
    }

    /// <summary>No transaction joins an act and its entry: what a process has begun and not told the end of is in the log all the same, once, and as what it is.</summary>
    [Fact]
    public async Task An_act_that_was_cut_short_has_an_entry_that_says_so()
    {
        var token = TestContext.Current.CancellationToken;
        var (lost, told) = (Act("key.revoke", "key_1"), Act("key.revoke", "key_2"));
        var young = Act("key.revoke", "key_3") with { At = lost.At.AddMinutes(10) };
        await _database!.AuditNotes.InsertManyAsync([AuditNote.Of(lost), AuditNote.Of(told), AuditNote.Of(young)], cancellationToken: token);
        await Audit.AppendAsync(told, token);

        Assert.Equal(2, await Audit.RepairAsync(lost.At.AddMinutes(5), token));
        Assert.Equal(0, await Audit.RepairAsync(lost.At.AddMinutes(5), token));

        Assert.Equal(
            [("key_2", true), ("key_1", false)],
            (await Audit.ReadAsync(AuditFilter.All, 0, 10, token)).Select(entry => (entry.Target, entry.Document.Contains("\"outcome\":\"done\"", StringComparison.Ordinal))));
        Assert.True((await new AuditLog(Audit, TimeProvider.System).VerifyAsync(token)).Intact);
    }

    [Fact]
    public async Task A_server_that_cannot_be_reached_is_told_with_what_to_do()
    {
        using var client = new MongoClient("mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=300");
        var database = new MongoDatabase(client.GetDatabase("x"), NullLogger<MongoDatabase>.Instance);

        var refused = await Assert.ThrowsAsync<StorageException>(() => database.PingAsync(TestContext.Current.CancellationToken));

        Assert.Contains("MONGO_URL", refused.Message, StringComparison.Ordinal);
    }
}
