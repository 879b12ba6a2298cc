namespace MasterX.AiGateway.Translation.Vocabulary;

/// <summary>
/// Where a writer says what its format cannot: the one place that decides between refusing and leaving out, so that nothing is dropped in
/// silence. What is left out is told to the caller in <c>x-masterx-ignored</c>.
/// </summary>
internal sealed class Loss
{
    private List<string>? _ignored;

    /// <summary>Names of fields that were left out, in the caller's format; none mostly.</summary>
    public IReadOnlyList<string> Ignored => _ignored ?? (IReadOnlyList<string>)[];

    /// <summary>Leaves out what changes nothing that a caller could miss in the answer: a hint, a mark, a name.</summary>
    public void Ignore(string field)
    {
        _ignored ??= [];
        if (!_ignored.Contains(field))
        {
            _ignored.Add(field);
        }
    }
}
