namespace MasterX.Api.Http;

/// <summary>A page of a list, newest first.</summary>
/// <typeparam name="T">What is listed.</typeparam>
/// <param name="Items">At most the limit asked for.</param>
/// <param name="NextCursor">Goes into <c>cursor</c> for the next page; <see langword="null"/> on the last.</param>
internal sealed record Page<T>(IReadOnlyList<T> Items, string? NextCursor);

/// <summary>
/// Pages by the id of the last item seen: ids sort by the moment at which what makes them began, so a page stays what it is while others are added, and none comes twice. What began before the last
/// item of a page and is written after it was read, as a generation is when its answer has ended, is behind whoever goes on from there: the next walk from the beginning shows it.
/// </summary>
internal static class Paging
{
    public const int Default = 20;
    public const int Largest = 100;

    /// <param name="found">One more than the limit, where there are as many: it tells whether there is a next page.</param>
    /// <param name="limit">Items of a page.</param>
    /// <param name="show">An item as the API shows it.</param>
    /// <param name="id">An item's id.</param>
    public static Page<TItem> Of<TFound, TItem>(IReadOnlyList<TFound> found, int limit, Func<TFound, TItem> show, Func<TFound, string> id) =>
        new([.. found.Take(limit).Select(show)], found.Count > limit ? id(found[limit - 1]) : null);
}
