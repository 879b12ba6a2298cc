namespace MasterX.AiGateway.Telemetry;

/// <summary>
/// Tokens of one answer, as the provider counted them. <see cref="Input"/> and <see cref="Output"/> are the whole; all the others are parts
/// of them, as told at each. A part that is larger than its whole is cut to it where the cost is made.
/// </summary>
/// <param name="Input">Prompt tokens: fresh ones, cached ones and written ones; texts, sound and images; what a tool of the provider's own added.</param>
/// <param name="Output">Completion tokens, thinking, sound and images included.</param>
/// <param name="CachedInput">Of <paramref name="Input"/>: found in the provider's cache.</param>
/// <param name="CacheWrite">Of <paramref name="Input"/>: written to the provider's cache, for however long. None of them is cached.</param>
/// <param name="Reasoning">Of <paramref name="Output"/>: what the model thought with.</param>
public readonly record struct TokenUsage(int Input, int Output, int CachedInput = 0, int CacheWrite = 0, int Reasoning = 0)
{
    /// <summary>A count above it is no count: more than any answer has, and sums of a few of them stay numbers.</summary>
    internal const int Most = int.MaxValue / 4;

    /// <summary>Of <see cref="CacheWrite"/>: to be kept for an hour; the rest for 5 minutes, or as long as the provider likes.</summary>
    public int CacheWriteHour { get; init; }

    /// <summary>Of <see cref="Input"/>: sound.</summary>
    public int AudioInput { get; init; }

    /// <summary>Of <see cref="AudioInput"/>, and of <see cref="CachedInput"/>: sound found in the cache.</summary>
    public int CachedAudioInput { get; init; }

    /// <summary>Of <see cref="Output"/>: sound.</summary>
    public int AudioOutput { get; init; }

    /// <summary>Of <see cref="Input"/>: images.</summary>
    public int ImageInput { get; init; }

    /// <summary>Of <see cref="ImageInput"/>, and of <see cref="CachedInput"/>: images found in the cache.</summary>
    public int CachedImageInput { get; init; }

    /// <summary>Of <see cref="Output"/>: images.</summary>
    public int ImageOutput { get; init; }

    /// <summary>Searches of the web that the provider made for the answer. They are no tokens, and are charged each.</summary>
    public int WebSearches { get; init; }

    /// <summary>How the answer was served, by its own word.</summary>
    public ServiceTier Tier { get; init; }

    /// <summary>Where it was made, by its own word, when that is charged for: <c>us</c> or <c>eu</c>.</summary>
    public string? Region { get; init; }

    /// <summary>The model the answer names, when that is known: an alias, a deployment or a router stands for another.</summary>
    public string? Model { get; init; }

    /// <summary>Both together, each count bounded; served and named as the later one was.</summary>
    public static TokenUsage operator +(TokenUsage one, TokenUsage other) =>
        new(
            Sum(one.Input, other.Input), Sum(one.Output, other.Output), Sum(one.CachedInput, other.CachedInput), Sum(one.CacheWrite, other.CacheWrite),
            Sum(one.Reasoning, other.Reasoning))
        {
            CacheWriteHour = Sum(one.CacheWriteHour, other.CacheWriteHour),
            AudioInput = Sum(one.AudioInput, other.AudioInput),
            CachedAudioInput = Sum(one.CachedAudioInput, other.CachedAudioInput),
            AudioOutput = Sum(one.AudioOutput, other.AudioOutput),
            ImageInput = Sum(one.ImageInput, other.ImageInput),
            CachedImageInput = Sum(one.CachedImageInput, other.CachedImageInput),
            ImageOutput = Sum(one.ImageOutput, other.ImageOutput),
            WebSearches = Sum(one.WebSearches, other.WebSearches),
            Tier = other.Tier,
            Region = other.Region,
            Model = other.Model,
        };

    private static int Sum(int one, int other) => (int)Math.Clamp((long)one + other, 0, int.MaxValue);
}
