namespace MasterX.Api.Ai;

/// <summary>What <c>POST /api/ai/generate</c> answers.</summary>
internal sealed record GenerateAnswer(
    string Id, bool Success, string Content, double? Confidence, string Provider, string Model, Usage? Usage, decimal? Cost,
    IReadOnlyList<GenerationAttempt> Attempts, bool Cached, long LatencyMs)
{
    public static GenerateAnswer Of(Generation generation) => new(
        generation.Id, generation.Success, generation.Content, generation.Confidence, generation.Provider, generation.Model, generation.Usage, generation.Cost,
        generation.Attempts, generation.Cached, generation.LatencyMs);
}

/// <summary>A generation in the history.</summary>
internal sealed record GenerationAnswer(
    string Id, DateTimeOffset CreatedAt, string Prompt, string? System, string? UserId, bool Success, string Content, double? Confidence, string Provider, string Model,
    Usage? Usage, decimal? Cost, IReadOnlyList<GenerationAttempt> Attempts, bool Cached, long LatencyMs)
{
    public static GenerationAnswer Of(Generation generation) => new(
        generation.Id, generation.CreatedAt, generation.Prompt, generation.System, generation.UserId, generation.Success, generation.Content, generation.Confidence,
        generation.Provider, generation.Model, generation.Usage, generation.Cost, generation.Attempts, generation.Cached, generation.LatencyMs);
}

/// <summary>A page of the history, newest first.</summary>
/// <param name="Items">At most the limit asked for.</param>
/// <param name="NextCursor">Goes into <c>cursor</c> for the next page; <see langword="null"/> on the last.</param>
internal sealed record GenerationPage(IReadOnlyList<GenerationAnswer> Items, string? NextCursor);
