namespace MasterX.Api.Ai;

/// <summary>Which generations are asked for.</summary>
internal sealed record GenerationFilter
{
    /// <summary>Whose; <see langword="null"/> for everyone's.</summary>
    public string? OwnerId { get; init; }

    /// <summary>On whose behalf.</summary>
    public string? UserId { get; init; }

    /// <summary>From when on.</summary>
    public DateTimeOffset? From { get; init; }

    /// <summary>Before when.</summary>
    public DateTimeOffset? Until { get; init; }

    /// <summary>Who answered.</summary>
    public string? Provider { get; init; }

    /// <summary>Which model, as its provider or the caller named it.</summary>
    public string? Model { get; init; }

    public bool? Success { get; init; }

    /// <summary>Stands in the prompt, the system text or the answer, whatever the letter case.</summary>
    public string? Search { get; init; }

    /// <summary>Whether it is all of an owner's, or everyone's.</summary>
    public bool IsAll => this == new GenerationFilter { OwnerId = OwnerId };

    /// <summary>Whether it is one of them, by what stands in its document.</summary>
    public bool Matches(Generation generation) =>
        (Provider is null || generation.Provider == Provider)
        && (Model is null || generation.Model == Model || generation.RequestedModel == Model)
        && (Success is null || generation.Success == Success)
        && (Search is null || Has(generation.Prompt) || Has(generation.Content) || Has(generation.System));

    private bool Has(string? text) => text?.Contains(Search!, StringComparison.OrdinalIgnoreCase) == true;
}

/// <summary>Some of the generations asked for, newest first.</summary>
/// <param name="Items">They may be fewer than there is room for, and none, though there are more.</param>
/// <param name="Next">Before which it goes on; <see langword="null"/> where there are no more.</param>
internal sealed record GenerationPage(IReadOnlyList<Generation> Items, string? Next)
{
    /// <summary>Looked at for one page at most: who asks for what is rare is told how far that was, and asks on from there.</summary>
    private const int MostLookedAt = 2_000;

    /// <summary>Collects a page from what a database gives, newest first, one after the other.</summary>
    internal sealed class Collector(GenerationFilter filter, int limit)
    {
        private readonly List<Generation> _found = [];
        private string? _last;
        private int _lookedAt;
        private bool _hasMore;

        /// <returns>Whether it was looked at; else the page is full, and there is one more.</returns>
        public bool TryAdd(Generation generation)
        {
            if (_found.Count == limit || _lookedAt == MostLookedAt)
            {
                _hasMore = true;
                return false;
            }

            (_last, _lookedAt) = (generation.Id, _lookedAt + 1);
            if (filter.Matches(generation))
            {
                _found.Add(generation);
            }

            return true;
        }

        public GenerationPage ToPage() => new(_found, _hasMore ? _last : null);
    }
}
