using System.Text.Json;
using MasterX.Api.Calls;
using MasterX.Api.Usage;
using MongoDB.Bson.Serialization.Attributes;

namespace MasterX.Api.Storage.Mongo;

/// <summary>A call as it is stored, with what it has spent.</summary>
[BsonIgnoreExtraElements]
internal sealed class CallDocument
{
    [BsonId]
    public required string Id { get; init; }

    public required string KeyId { get; init; }

    [BsonIgnoreIfNull]
    public string? ProjectId { get; init; }

    public required DateTime At { get; init; }

    /// <summary><c>yyyy-MM-dd</c>, UTC.</summary>
    public required string Day { get; init; }

    public required string Instance { get; init; }

    public required int State { get; init; }

    /// <summary>The call as one JSON text, the same as in the embedded database.</summary>
    public required string Document { get; init; }

    /// <summary>Each as <c>name=value</c>: a name may have a dot in it, which a field's may not.</summary>
    [BsonIgnoreIfNull]
    public string[]? Tags { get; init; }

    public required SpendingDocument[] Spent { get; init; }

    public static CallDocument Of(Call call) => new()
    {
        Id = call.Id,
        KeyId = call.KeyId,
        ProjectId = call.ProjectId,
        At = call.At.UtcDateTime,
        Day = MongoUsageStore.Text(DateOnly.FromDateTime(call.At.UtcDateTime)),
        Instance = call.Instance,
        State = (int)CallState.Open,
        Document = JsonSerializer.Serialize(call),
        Tags = call.Tags is { } tags ? [.. tags.Select(tag => $"{tag.Key}={tag.Value}")] : null,
        Spent = [],
    };

    public Call ToCall() => JsonSerializer.Deserialize<Call>(Document)!;
}

/// <summary>What one attempt has spent, as it is stored.</summary>
[BsonIgnoreExtraElements]
internal sealed class SpendingDocument
{
    public required string Provider { get; init; }

    public required string Model { get; init; }

    public required string Outcome { get; init; }

    public required long InputTokens { get; init; }

    public required long OutputTokens { get; init; }

    public required long CachedInputTokens { get; init; }

    public required long CacheWriteTokens { get; init; }

    public required long ReasoningTokens { get; init; }

    /// <summary>In picodollars; 0 where there is no price.</summary>
    public required long Cost { get; init; }

    /// <summary>1 where there is none.</summary>
    public required long Unpriced { get; init; }

    /// <summary>1 where it is.</summary>
    public required long Estimated { get; init; }

    public Spending ToSpending() => new(
        Provider, Model, Outcome, InputTokens, OutputTokens, CachedInputTokens, CacheWriteTokens, ReasoningTokens, Unpriced == 0 ? Picodollars.ToDollars(Cost) : null, Estimated != 0);

    public static SpendingDocument Of(Spending spending) => new()
    {
        Provider = spending.Provider,
        Model = spending.Model,
        Outcome = spending.Outcome,
        InputTokens = spending.InputTokens,
        OutputTokens = spending.OutputTokens,
        CachedInputTokens = spending.CachedInputTokens,
        CacheWriteTokens = spending.CacheWriteTokens,
        ReasoningTokens = spending.ReasoningTokens,
        Cost = Picodollars.Of(spending.CostUsd ?? 0),
        Unpriced = spending.CostUsd is null ? 1 : 0,
        Estimated = spending.Estimated ? 1 : 0,
    };
}

/// <summary>A process that said it lives.</summary>
[BsonIgnoreExtraElements]
internal sealed class InstanceDocument
{
    [BsonId]
    public required string Id { get; init; }

    public required DateTime Until { get; init; }
}
