namespace MasterX.AiGateway.Providers.Classification;

/// <summary>A range of HTTP statuses, both ends included.</summary>
internal readonly record struct Statuses(int From, int To)
{
    public static readonly Statuses ClientErrors = new(400, 499);
    public static readonly Statuses ServerErrors = new(500, 599);

    /// <summary>Errors of any status, and those that come with a good one.</summary>
    public static readonly Statuses Any = new(0, 999);

    public static implicit operator Statuses(int status) => new(status, status);

    public bool Have(int status) => status >= From && status <= To;
}

/// <summary>
/// Words of a provider that gives no code: how its message begins and, where that is not enough, what follows. Callers and models can get
/// their own words quoted in an error, so what has consequences beyond the request counts at the very beginning only; looked at are the
/// first <see cref="Looked"/> characters, whatever the length.
/// </summary>
/// <param name="Begin">How the message begins; without case.</param>
/// <param name="Then">What follows somewhere behind it.</param>
internal readonly record struct Words(string Begin, string Then = "")
{
    private const int Looked = 300;

    /// <summary>Whether they count within the message too: relays put words of their own before an error.</summary>
    public bool Within { get; init; }

    public bool Are(string message)
    {
        var looked = message.AsSpan(0, Math.Min(message.Length, Looked)).TrimStart();
        var at = looked.IndexOf(Begin, StringComparison.OrdinalIgnoreCase);
        return at >= 0 && (at == 0 || Within)
            && (Then.Length == 0 || looked[(at + Begin.Length)..].Contains(Then, StringComparison.OrdinalIgnoreCase));
    }
}

/// <summary>A row of an <see cref="ErrorTable"/>: which errors it is for, and what they come to.</summary>
/// <param name="Statuses">Of the answer.</param>
/// <param name="Verdict">What it comes to.</param>
internal sealed record ErrorRow(Statuses Statuses, Verdict Verdict)
{
    public ErrorRow(Statuses statuses, IReadOnlyList<string> codes, Verdict verdict) : this(statuses, verdict) => Codes = codes;

    public ErrorRow(Statuses statuses, IReadOnlyList<Words> words, Verdict verdict) : this(statuses, verdict) => Words = words;

    /// <summary>One of these is the error's code, type, status or reason; without case. None for any.</summary>
    public IReadOnlyList<string> Codes { get; } = [];

    /// <summary>One of these is what its message says. None for any.</summary>
    public IReadOnlyList<Words> Words { get; } = [];

    /// <summary>What else has to hold.</summary>
    public Func<ErrorBody, bool>? When { get; init; }

    public bool IsFor(int status, ErrorBody body) =>
        Statuses.Have(status)
        && (Codes.Count == 0 || Codes.Any(body.Names))
        && (Words.Count == 0 || body.Message is { } message && Words.Any(words => words.Are(message)))
        && (When is null || When(body));
}
