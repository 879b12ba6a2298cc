using System.ComponentModel.DataAnnotations;
using MasterX.Api.Http;
using Microsoft.AspNetCore.Mvc;

namespace MasterX.Api.Ai;

/// <summary>Which generations are asked for, as the query says.</summary>
public sealed record GenerationQuery
{
    private static readonly string[] Names = ["model", "provider", "user_id", "success", "from", "to", "search", "limit", "cursor"];

    /// <summary>Which model, as its provider or the caller named it.</summary>
    [FromQuery(Name = "model"), StringLength(400)]
    public string? Model { get; init; }

    /// <summary>Who answered.</summary>
    [FromQuery(Name = "provider"), StringLength(100)]
    public string? Provider { get; init; }

    /// <summary>On whose behalf.</summary>
    [FromQuery(Name = "user_id"), StringLength(100)]
    public string? UserId { get; init; }

    /// <summary>Whether it is a whole answer.</summary>
    [FromQuery(Name = "success")]
    public bool? Success { get; init; }

    /// <summary>The first day, or time.</summary>
    [FromQuery(Name = "from"), StringLength(40)]
    public string? From { get; init; }

    /// <summary>The last day; or the time before which.</summary>
    [FromQuery(Name = "to"), StringLength(40)]
    public string? To { get; init; }

    /// <summary>Stands in the prompt, the system text or the answer, whatever the letter case.</summary>
    [FromQuery(Name = "search"), StringLength(200, MinimumLength = 1)]
    public string? Search { get; init; }

    /// <returns>What is wrong; <see langword="null"/> where all is well.</returns>
    internal string? Read(string? ownerId, IQueryCollection query, out GenerationFilter filter)
    {
        filter = new() { OwnerId = ownerId, Model = Model, Provider = Provider, UserId = UserId, Success = Success, Search = Search };
        var problem = TimeText.Read("from", From, isEnd: false, out var from);
        problem = TimeText.Read("to", To, isEnd: true, out var until) ?? problem;
        filter = filter with { From = from, Until = until };

        // One that is misspelt would be no filter: more would be shown, or deleted, than is meant.
        return query.Keys.FirstOrDefault(name => !Names.Contains(name, StringComparer.OrdinalIgnoreCase)) is { } unknown
            ? $"There is no parameter '{unknown}'. There are: {string.Join(", ", Names)}."
            : problem;
    }
}

/// <summary>What was deleted.</summary>
/// <param name="Deleted">How many generations.</param>
internal sealed record DeletedGenerations(int Deleted);
