using System.ComponentModel.DataAnnotations;

namespace MasterX.Api.Ai;

/// <summary>What <c>POST /api/ai/generate</c> answers; as a stream, the data of its last event <c>done</c>, after the <c>delta</c>s with the text.</summary>
/// <param name="Id">Begins with <c>gen_</c>; names it in the history.</param>
/// <param name="Success">Whether the model answered; <see langword="false"/> when its answer was withheld by a filter.</param>
/// <param name="Content">The answer.</param>
/// <param name="Confidence">Geometric mean of the probabilities of the answer's tokens, 0 to 1; <see langword="null"/> when the provider gives none.</param>
/// <param name="Provider">Who answered.</param>
/// <param name="Model">Which model.</param>
/// <param name="Usage">Tokens; <see langword="null"/> when the provider does not count.</param>
/// <param name="Cost">US dollars; <see langword="null"/> when the model has no price.</param>
/// <param name="Attempts">Who was asked, in order.</param>
/// <param name="Cached">Whether it is an earlier answer to the same request.</param>
/// <param name="LatencyMs">From the request to the whole answer, in milliseconds.</param>
/// <param name="FinishReason">Why it ended: <c>stop</c>, <c>length</c>, <c>tool_calls</c>, <c>content_filter</c>, or as the provider says; <see langword="null"/> where it does not.</param>
/// <param name="Truncated">Whether it came to its limit (<c>length</c>): what was still to be said is missing.</param>
internal sealed record GenerateAnswer(
    string Id, bool Success, string Content, [property: Range(0.0, 1.0)] double? Confidence, string Provider, string Model, Usage? Usage, decimal? Cost,
    IReadOnlyList<GenerationAttempt> Attempts, bool Cached, long LatencyMs, string? FinishReason, bool Truncated)
{
    public static GenerateAnswer Of(Generation generation) => new(
        generation.Id, generation.Success, generation.Content, generation.Confidence, generation.Provider, generation.Model, generation.Usage, generation.Cost,
        generation.Attempts, generation.Cached, generation.LatencyMs, generation.FinishReason, generation.Truncated);
}

/// <summary>Data of an event <c>delta</c>: the next piece of the text.</summary>
/// <param name="Content">Never empty.</param>
internal sealed record GenerateDelta(string Content);

/// <summary>Data of an event <c>error</c>: the answer broke off; what came until then is in the history, marked as interrupted.</summary>
/// <param name="Status">HTTP status it would have been, had nothing been sent yet.</param>
/// <param name="Detail">What happened.</param>
/// <param name="Id">Names it in the history.</param>
internal sealed record GenerateError(int Status, string Detail, string Id);

/// <summary>A generation in the history.</summary>
/// <param name="Id">Begins with <c>gen_</c>.</param>
/// <param name="CreatedAt">UTC.</param>
/// <param name="Prompt">As asked.</param>
/// <param name="System">As asked.</param>
/// <param name="UserId">On whose behalf.</param>
/// <param name="Success">Whether it is a whole answer.</param>
/// <param name="Content">The answer, or what came of it.</param>
/// <param name="Interrupted">Whether it broke off, or its caller left, before it was whole.</param>
/// <param name="Confidence">0 to 1; <see langword="null"/> when the provider gives none.</param>
/// <param name="Provider">Who answered.</param>
/// <param name="Model">Which model.</param>
/// <param name="Usage">Tokens.</param>
/// <param name="Cost">US dollars; <see langword="null"/> when the model has no price.</param>
/// <param name="Attempts">Who was asked, in order.</param>
/// <param name="Cached">Whether it is an earlier answer to the same request.</param>
/// <param name="LatencyMs">Milliseconds.</param>
/// <param name="FinishReason">Why it ended: <c>stop</c>, <c>length</c>, <c>tool_calls</c>, <c>content_filter</c>, or as the provider says; <see langword="null"/> where that was not said, or not heard.</param>
/// <param name="Truncated">Whether the content is not all there was to say: it came to its limit (<c>length</c>), or only its first MiB is kept.</param>
/// <param name="RequestedModel">What was asked for, as the caller named it; <see langword="null"/> for the default.</param>
internal sealed record GenerationAnswer(
    string Id, DateTimeOffset CreatedAt, string Prompt, string? System, string? UserId, bool Success, string Content, bool Interrupted, double? Confidence, string Provider, string Model,
    Usage? Usage, decimal? Cost, IReadOnlyList<GenerationAttempt> Attempts, bool Cached, long LatencyMs, string? FinishReason, bool Truncated, string? RequestedModel)
{
    public static GenerationAnswer Of(Generation generation) => new(
        generation.Id, generation.CreatedAt, generation.Prompt, generation.System, generation.UserId, generation.Success, generation.Content, generation.Interrupted, generation.Confidence,
        generation.Provider, generation.Model, generation.Usage, generation.Cost, generation.Attempts, generation.Cached, generation.LatencyMs, generation.FinishReason, generation.Truncated, generation.RequestedModel);
}
