using System.Text.Json.Serialization;

namespace MasterX.Api.Ai;

/// <summary>A generated answer as it is stored.</summary>
internal sealed record Generation
{
    /// <summary>Begins with <c>gen_</c>; sorts by creation.</summary>
    public required string Id { get; init; }

    /// <summary>The project whose key asked for it, or the key where it has none; it alone sees it.</summary>
    [JsonPropertyName("KeyId")]
    public required string OwnerId { get; init; }

    /// <summary>The user on whose behalf, if one was named.</summary>
    public string? UserId { get; init; }

    /// <summary>UTC, to the millisecond.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    public required string Prompt { get; init; }

    public string? System { get; init; }

    /// <summary>Whether the model answered; <see langword="false"/> when its answer was withheld by a filter.</summary>
    public required bool Success { get; init; }

    public required string Content { get; init; }

    /// <summary>Whether it broke off, or its caller left, before it was whole: <see cref="Content"/> is what came until then.</summary>
    public bool Interrupted { get; init; }

    /// <summary>Why it ended, as <see cref="Ai.FinishReason"/> names it; <see langword="null"/> where that was not said, or not heard.</summary>
    public string? FinishReason { get; init; }

    /// <summary>Whether of a longer answer only the beginning is kept.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool IsCut { get; init; }

    /// <summary>Whether <see cref="Content"/> is not all there was to say: the answer came to its limit, or only its beginning is kept.</summary>
    [JsonIgnore]
    public bool Truncated => IsCut || FinishReason == Ai.FinishReason.Length;

    /// <summary>Geometric mean of the probabilities of the answer's tokens, 0 to 1; <see langword="null"/> when the provider gives none.</summary>
    public double? Confidence { get; init; }

    public required string Provider { get; init; }

    public required string Model { get; init; }

    /// <summary>What was asked for, as the caller named it; <see langword="null"/> for the default.</summary>
    public string? RequestedModel { get; init; }

    public Usage? Usage { get; init; }

    /// <summary>US dollars; <see langword="null"/> when the model has no price.</summary>
    public decimal? Cost { get; init; }

    public required IReadOnlyList<GenerationAttempt> Attempts { get; init; }

    public required bool Cached { get; init; }

    /// <summary>From the request to the whole answer, in milliseconds.</summary>
    public required long LatencyMs { get; init; }

    /// <summary>The same with what it has cost, and whom it took.</summary>
    /// <param name="spent">As it is booked.</param>
    /// <param name="attempts">As the gateway says; none where it does not, and what is known stays.</param>
    public Generation Booked(IReadOnlyList<Calls.Spending> spent, IReadOnlyList<GenerationAttempt>? attempts = null)
    {
        var (input, output) = ((int)Math.Min(int.MaxValue / 2, spent.Sum(spending => spending.InputTokens)), (int)Math.Min(int.MaxValue / 2, spent.Sum(spending => spending.OutputTokens)));
        return this with
        {
            Provider = spent is [.., { Outcome: not "assumed" } last] ? last.Provider : Provider,
            Model = spent is [.., { Outcome: not "assumed" } asked] ? asked.Model : Model,
            Usage = spent.Count > 0 ? new Usage(input, output, input + output) : null,
            Cost = spent.Any(spending => spending.CostUsd is not null) ? spent.Sum(spending => spending.CostUsd ?? 0) : null,
            Attempts = attempts is { Count: > 0 } ? attempts : Attempts,
        };
    }

    /// <summary>The same without the user, and without what was said; tokens and costs stay, for they were paid for.</summary>
    public Generation Anonymized() => this with { UserId = null, Prompt = "", System = null, Content = "" };
}

/// <summary>Tokens of an answer, as the provider counted them.</summary>
/// <param name="InputTokens">Of the prompt.</param>
/// <param name="OutputTokens">Of the answer.</param>
/// <param name="TotalTokens">Both.</param>
internal sealed record Usage(int InputTokens, int OutputTokens, int TotalTokens);

/// <summary>One provider's turn.</summary>
/// <param name="Provider">Who.</param>
/// <param name="Model">Asked for what.</param>
/// <param name="Outcome"><c>success</c>, or why not, as the gateway names it.</param>
/// <param name="Status">HTTP status, when there was one.</param>
/// <param name="LatencyMs">Milliseconds.</param>
internal sealed record GenerationAttempt(string Provider, string? Model, string Outcome, int? Status, long LatencyMs);
