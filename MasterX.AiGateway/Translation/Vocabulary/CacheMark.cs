namespace MasterX.AiGateway.Translation.Vocabulary;

/// <summary>
/// Asks a provider to keep everything up to here for the next request
/// (<see href="https://docs.anthropic.com/en/docs/build-with-claude/prompt-caching"/>).
/// </summary>
/// <param name="TimeToLive"><c>5m</c> or <c>1h</c>; <see langword="null"/> for the provider's own.</param>
internal sealed record CacheMark(string? TimeToLive = null);
