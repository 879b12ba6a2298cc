using MasterX.Api.Calls;
using MasterX.Api.Projects;
using MasterX.Api.Usage;
using MongoDB.Bson;
using MongoDB.Driver;

namespace MasterX.Api.Storage.Mongo;

/// <summary>
/// No transaction is needed: each step is a change of one document that can be made again without harm, in an order from which whoever comes
/// later brings to its end what was cut short.
/// <code>
///  open    budget: hold the amount under the call's id ─ call: insert           cut in between: a hold without a call, which was never sent
///  settle  generation: insert ─ call: book what it has spent ─ budget: take the hold under the call's id away, and add the cost
///          cut in between: the call is still open, or the hold is; settling again finds which
///          after the insert: is the generation's user still there? Whoever erases a user deletes the user first, and what was generated
///          then: one of both finds what was written meanwhile
/// </code>
/// </summary>
internal sealed class MongoCallStore(MongoDatabase database) : ICallStore
{
    private static readonly FilterDefinitionBuilder<CallDocument> Where = Builders<CallDocument>.Filter;
    private static readonly UpdateDefinitionBuilder<CallDocument> Set = Builders<CallDocument>.Update;

    public Task<IReadOnlyList<Opening>> OpenAsync(IReadOnlyList<Call> calls, CancellationToken cancellationToken) => MongoDatabase.GuardedAsync<IReadOnlyList<Opening>>(async () =>
    {
        var openings = await Task.WhenAll(calls.Select(call => HoldAsync(call, cancellationToken)));
        CallDocument[] opened = [.. calls.Where((_, i) => openings[i].IsAllowed).Select(CallDocument.Of)];
        if (opened.Length > 0)
        {
            await database.Calls.InsertManyAsync(opened, new InsertManyOptions { IsOrdered = false }, cancellationToken);
        }

        return openings;
    });

    public Task SettleAsync(IReadOnlyList<Settlement> settlements, CancellationToken cancellationToken) => MongoDatabase.GuardedAsync(async () =>
    {
        GenerationDocument[] generations = [.. settlements.Select(settlement => settlement.Generation).OfType<Ai.Generation>().Select(GenerationDocument.Of)];
        if (generations.Length > 0)
        {
            await UnlessThereAsync<GenerationDocument>(() => database.Generations.InsertManyAsync(generations, new InsertManyOptions { IsOrdered = false }, cancellationToken));
            await TakeErasedOutAsync(settlements, cancellationToken);
        }

        if (await BookAsync(settlements, cancellationToken) < settlements.Count)
        {
            // Some are booked already; one whose opening was not written, because the database was away then, is added, and booked.
            var known = await database.Calls.Find(Where.In(call => call.Id, settlements.Select(settlement => settlement.Call.Id))).Project(call => call.Id).ToListAsync(cancellationToken);
            Settlement[] unopened = [.. settlements.Where(settlement => !known.Contains(settlement.Call.Id))];
            if (unopened.Length > 0)
            {
                await UnlessThereAsync<CallDocument>(() => database.Calls.InsertManyAsync(
                    unopened.Select(settlement => CallDocument.Of(settlement.Call)), new InsertManyOptions { IsOrdered = false }, cancellationToken));
                await BookAsync(unopened, cancellationToken);
            }
        }

        await FreeAsync([.. settlements.Where(settlement => settlement.Call.Reserved.Count > 0).Select(settlement => settlement.Call.Id)], cancellationToken);
    });

    public Task<IReadOnlyList<Call>> ListOrphansAsync(DateTimeOffset now, int limit, CancellationToken cancellationToken) => MongoDatabase.GuardedAsync<IReadOnlyList<Call>>(async () =>
    {
        var alive = await database.Instances.Find(Builders<InstanceDocument>.Filter.Gt(instance => instance.Until, now.UtcDateTime)).ToListAsync(cancellationToken);
        var found = await database.Calls.Find(Where.Eq(call => call.State, (int)CallState.Open) & Where.Nin(call => call.Instance, alive.Select(instance => instance.Id)))
            .SortBy(call => call.Id).Limit(limit).ToListAsync(cancellationToken);
        return [.. found.Select(call => call.ToCall())];
    });

    public Task KeepAliveAsync(string instance, DateTimeOffset until, CancellationToken cancellationToken) => MongoDatabase.GuardedAsync(async () =>
    {
        await database.Instances.DeleteManyAsync(Builders<InstanceDocument>.Filter.Lt(known => known.Until, until.UtcDateTime.AddDays(-1)), cancellationToken);
        await database.Instances.UpdateOneAsync(
            Builders<InstanceDocument>.Filter.Eq(known => known.Id, instance), Builders<InstanceDocument>.Update.Set(known => known.Until, until.UtcDateTime),
            new UpdateOptions { IsUpsert = true }, cancellationToken);
    });

    public Task<(decimal Spent, decimal Held)> ReadBudgetAsync(string budgetId, CancellationToken cancellationToken) => MongoDatabase.GuardedAsync(async () =>
        await database.Budgets.Find(new BsonDocument("_id", budgetId)).FirstOrDefaultAsync(cancellationToken) is { } budget
            ? (Picodollars.ToDollars(budget["Spent"].ToInt64()), Picodollars.ToDollars(budget["Held"].ToInt64()))
            : (Picodollars.ToDollars(await SpentBeforeAsync(budgetId, cancellationToken)), 0m));

    public Task<int> DeleteBudgetsAsync(DateOnly month, CancellationToken cancellationToken) => MongoDatabase.GuardedAsync(async () =>
        (int)(await database.Budgets.DeleteManyAsync(
            new BsonDocument { { "_id", new BsonRegularExpression($"/{BudgetPeriod.Of(month)}(-[0-9]{{2}})?$", "") }, { "Held", 0L } }, cancellationToken)).DeletedCount);

    public Task<int> RepairAsync(DateTimeOffset before, CancellationToken cancellationToken) => MongoDatabase.GuardedAsync(async () =>
    {
        var repaired = 0;

        // Also those in which nothing is held: a call that is only counted, or that an allotment pays for, has an entry of 0 until it is in what was spent.
        foreach (var budget in await database.Budgets.Find(new BsonDocument("Open", new BsonDocument("$ne", new BsonDocument()))).ToListAsync(cancellationToken))
        {
            string[] old = [.. budget["Open"].AsBsonDocument.Where(held => Identifier.TimeOf(held.Name) < before).Select(held => held.Name)];
            if (old.Length == 0)
            {
                continue;
            }

            var calls = await database.Calls.Find(Where.In(call => call.Id, old)).ToListAsync(cancellationToken);
            foreach (var unsent in old.Except(calls.Select(call => call.Id)))
            {
                var amount = budget["Open"][unsent];
                await database.Budgets.UpdateOneAsync(
                    new BsonDocument { { "_id", budget["_id"] }, { $"Open.{unsent}", amount } },
                    new BsonDocument { { "$inc", new BsonDocument("Held", -amount.ToInt64()) }, { "$unset", new BsonDocument($"Open.{unsent}", "") } }, cancellationToken: cancellationToken);
                repaired++;
            }

            string[] booked = [.. calls.Where(call => call.State != (int)CallState.Open).Select(call => call.Id)];
            await FreeAsync(booked, cancellationToken);
            repaired += booked.Length;
        }

        return repaired;
    });

    /// <summary>Takes out again what was generated for users, and in projects, that have been erased meanwhile.</summary>
    private async Task TakeErasedOutAsync(IReadOnlyList<Settlement> settlements, CancellationToken cancellationToken)
    {
        string[] named = [.. settlements.Select(settlement => settlement.Generation?.UserId).OfType<string>().Distinct()];
        string[] projects = [.. settlements.Select(settlement => settlement.Generation?.OwnerId).OfType<string>().Where(Project.Owns).Distinct()];
        if (named.Length == 0 && projects.Length == 0)
        {
            return;
        }

        List<string> there = [];
        if (named.Length > 0)
        {
            there.AddRange(await database.Users.Find(Builders<UserDocument>.Filter.In(user => user.Id, named)).Project(user => user.Id).ToListAsync(cancellationToken));
        }

        if (projects.Length > 0)
        {
            there.AddRange(await database.Projects.Find(Builders<ProjectDocument>.Filter.In(project => project.Id, projects)).Project(project => project.Id).ToListAsync(cancellationToken));
        }

        foreach (var settlement in settlements.Where(settlement => settlement.Generation is { } generation
            && ((generation.UserId is { } userId && !there.Contains(userId)) || (Project.Owns(generation.OwnerId) && !there.Contains(generation.OwnerId)))))
        {
            var generation = settlement.Generation!;
            var written = Builders<GenerationDocument>.Filter.Eq(known => known.Id, generation.Id);
            await (settlement.KeepsOfErased
                ? database.Generations.ReplaceOneAsync(written, GenerationDocument.Of(generation.Anonymized()), cancellationToken: cancellationToken)
                : (Task)database.Generations.DeleteOneAsync(written, cancellationToken));
        }
    }

    /// <returns>How many were open to it.</returns>
    private async Task<long> BookAsync(IReadOnlyList<Settlement> settlements, CancellationToken cancellationToken)
    {
        var books = settlements.Select(settlement => new UpdateOneModel<CallDocument>(
            Where.Eq(known => known.Id, settlement.Call.Id) & Where.Lt(known => known.State, (int)settlement.State),
            Set.Set(known => known.State, (int)settlement.State).Set(known => known.Spent, [.. settlement.Spent.Select(SpendingDocument.Of)])));
        return (await database.Calls.BulkWriteAsync(books, new BulkWriteOptions { IsOrdered = false }, cancellationToken)).MatchedCount;
    }

    /// <summary>Adds; what is there already is left as it is: it was written by a try whose answer was lost.</summary>
    private static async Task UnlessThereAsync<T>(Func<Task> write)
    {
        try
        {
            await write();
        }
        catch (MongoBulkWriteException<T> written) when (written.WriteErrors.All(error => error.Category == ServerErrorCategory.DuplicateKey) && written.WriteConcernError is null)
        {
            // As it should be; the others are added all the same.
        }
    }

    /// <summary>Frees what is held for calls, by what is booked for them.</summary>
    private async Task FreeAsync(string[] ids, CancellationToken cancellationToken)
    {
        if (ids.Length == 0)
        {
            return;
        }

        var booked = await database.Calls.Find(Where.In(call => call.Id, ids)).ToListAsync(cancellationToken);
        await Task.WhenAll(booked.SelectMany(call => call.ToCall().Reserved.Select(reservation =>
            FreeAsync(call.Id, (CallState)call.State, call.Spent.Sum(spending => spending.Cost), reservation, cancellationToken))));
    }

    private async Task<Opening> HoldAsync(Call call, CancellationToken cancellationToken)
    {
        long? left = null;
        for (var i = 0; i < call.Reserved.Count; i++)
        {
            var reservation = call.Reserved[i];
            var (isHeld, used) = await HoldAsync(call.Id, reservation, cancellationToken);
            var rest = Picodollars.Of(reservation.LimitUsd) - used;
            if (!isHeld)
            {
                // All of them or none.
                foreach (var held in call.Reserved.Take(i))
                {
                    await FreeAsync(call.Id, CallState.Settled, 0, held, cancellationToken);
                }

                return new(false, Picodollars.ToDollars(rest), reservation.BudgetId);
            }

            left = Math.Min(left ?? long.MaxValue, rest);
        }

        return new(true, left is { } least ? Picodollars.ToDollars(least) : null);
    }

    /// <returns>Whether it is held, and what is spent and held then.</returns>
    private async Task<(bool IsHeld, long Used)> HoldAsync(string callId, Reservation reservation, CancellationToken cancellationToken)
    {
        var (amount, limit) = (Picodollars.Of(reservation.CostUsd), Picodollars.Of(reservation.LimitUsd));
        var open = $"Open.{callId}";
        var fits = new BsonDocument("$expr", new BsonDocument("$lte", new BsonArray { new BsonDocument("$add", new BsonArray { "$Spent", "$Held" }), limit - amount }));
        var alone = new BsonDocument { { "Held", 0L }, { "Spent", new BsonDocument("$lt", limit) } };
        var allowed = new BsonDocument
        {
            { "_id", reservation.BudgetId }, { open, new BsonDocument("$exists", false) },
            { "$or", reservation.IsBound ? new BsonArray { fits } : new BsonArray { fits, alone } },
        };
        var hold = new BsonDocument { { "$inc", new BsonDocument("Held", amount) }, { "$set", new BsonDocument(open, amount) } };
        while (true)
        {
            var held = await database.Budgets.FindOneAndUpdateAsync<BsonDocument>(
                allowed, hold, new FindOneAndUpdateOptions<BsonDocument> { ReturnDocument = ReturnDocument.After }, cancellationToken);
            if (held is not null)
            {
                return (true, Used(held));
            }

            if (await database.Budgets.Find(new BsonDocument("_id", reservation.BudgetId)).FirstOrDefaultAsync(cancellationToken) is not { } known)
            {
                await InsertFirstAsync(reservation.BudgetId, cancellationToken);
                continue;
            }

            // Held already, by a try whose answer was lost; or not allowed; or it has come to be allowed in between.
            var used = Used(known);
            var isHeld = known["Open"].AsBsonDocument.Contains(callId);
            if (isHeld || (used + amount > limit && (reservation.IsBound || used >= limit || known["Held"].ToInt64() != 0)))
            {
                return (isHeld, used);
            }
        }

        static long Used(BsonDocument budget) => budget["Spent"].ToInt64() + budget["Held"].ToInt64();
    }

    private async Task InsertFirstAsync(string budgetId, CancellationToken cancellationToken)
    {
        try
        {
            await database.Budgets.InsertOneAsync(
                new BsonDocument { { "_id", budgetId }, { "Spent", await SpentBeforeAsync(budgetId, cancellationToken) }, { "Held", 0L }, { "Open", new BsonDocument() }, { "Assumed", new BsonDocument() } },
                options: null, cancellationToken);
        }
        catch (MongoWriteException raced) when (MongoDatabase.IsDuplicate(raced))
        {
            // Another was first.
        }
    }

    /// <summary>What the key, or the project's keys, have spent in the period without a budget.</summary>
    private async Task<long> SpentBeforeAsync(string budgetId, CancellationToken cancellationToken)
    {
        var (ownerId, _, from, until) = BudgetPeriod.Parse(budgetId);
        var sums = await MongoUsageStore.SumAsync(database, new UsageQuery(from, until) { OwnerId = ownerId, Groups = UsageGroups.None }, cancellationToken);
        return sums.Sum(sum => Picodollars.Of(sum.CostUsd));
    }

    /// <summary>Takes the hold of a call away, whose booking is written; or puts what is known in the place of what was assumed.</summary>
    private async Task FreeAsync(string id, CallState state, long cost, Reservation reservation, CancellationToken cancellationToken)
    {
        var (open, assumed) = ($"Open.{id}", $"Assumed.{id}");
        var change = new BsonDocument
        {
            { "$inc", new BsonDocument { { "Held", -Picodollars.Of(reservation.CostUsd) }, { "Spent", cost } } }, { "$unset", new BsonDocument(open, "") },
        };
        if (state == CallState.Assumed)
        {
            change.Add("$set", new BsonDocument(assumed, cost));
        }

        var freed = await database.Budgets.UpdateOneAsync(Holding(open, new BsonDocument("$exists", true)), change, cancellationToken: cancellationToken);
        if (freed.MatchedCount == 1 || state == CallState.Assumed)
        {
            return;
        }

        var budget = await database.Budgets.Find(Holding(assumed, new BsonDocument("$exists", true))).FirstOrDefaultAsync(cancellationToken);
        if (budget?["Assumed"][id] is { } amount)
        {
            await database.Budgets.UpdateOneAsync(
                Holding(assumed, amount),
                new BsonDocument { { "$inc", new BsonDocument("Spent", cost - amount.ToInt64()) }, { "$unset", new BsonDocument(assumed, "") } }, cancellationToken: cancellationToken);
        }

        BsonDocument Holding(string name, BsonValue value) => new() { { "_id", reservation.BudgetId }, { name, value } };
    }
}
