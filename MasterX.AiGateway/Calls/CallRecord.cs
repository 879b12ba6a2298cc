using MasterX.AiGateway.Requests;

namespace MasterX.AiGateway.Calls;

/// <summary>
/// What one call of a caller's spends, attempt by attempt. It is the one account of a call: headers, trailers and whoever asks for it later
/// read it, and nothing else. It outlives the caller's connection: an attempt that is given up, or goes on for others who wait for the same
/// answer, is added when it ends.
/// </summary>
internal sealed class CallRecord
{
    private readonly Lock _lock = new();
    private readonly CallRecords? _records;
    private Spending[] _spent = [];
    private int _holders = 1;

    /// <param name="id">As its caller names the call; <see langword="null"/> for one that nobody asks for later.</param>
    /// <param name="records">Keeps it for whoever asks; <see langword="null"/> where nobody does.</param>
    public CallRecord(string? id, CallRecords? records) => (Id, _records) = (id, records);

    public string? Id { get; }

    /// <summary>When it ended, as a timestamp of the clock of <see cref="CallRecords"/>.</summary>
    public long Ended { get; set; }

    /// <summary>Whom it took, in order; none of an answer that others were given before.</summary>
    public IReadOnlyList<Attempt> Attempts { get; set; } = [];

    /// <summary>Fields that were left out of the request; <see langword="null"/> for none.</summary>
    public IReadOnlyList<string>? Ignored { get; set; }

    /// <summary>Whether nothing can be added any more.</summary>
    public bool HasEnded
    {
        get
        {
            lock (_lock)
            {
                return _holders == 0;
            }
        }
    }

    /// <summary>What was spent by now, in the order in which the attempts ended.</summary>
    public IReadOnlyList<Spending> Spent
    {
        get
        {
            lock (_lock)
            {
                return _spent;
            }
        }
    }

    /// <summary>All of it together; <see langword="null"/> when nothing was spent.</summary>
    public Bill? Total
    {
        get
        {
            Bill? total = null;
            foreach (var spending in Spent)
            {
                var bill = new Bill(spending.Usage, spending.Cost, spending.IsEstimated);
                total = total?.Plus(bill) ?? bill;
            }

            return total;
        }
    }

    public void Add(in Spending spending)
    {
        lock (_lock)
        {
            _spent = [.. _spent, spending];
        }
    }

    /// <summary>Keeps it open: something goes on that may yet be added.</summary>
    public void Hold()
    {
        lock (_lock)
        {
            _holders++;
        }
    }

    /// <summary>The end of what <see cref="Hold"/> was for; the first holder is whoever made the record.</summary>
    public void LetGo()
    {
        lock (_lock)
        {
            if (--_holders > 0)
            {
                return;
            }
        }

        _records?.End(this);
    }
}
