namespace MasterX.Api.Audit;

/// <summary>Checks the log, and takes away what has had its time.</summary>
internal sealed class AuditLog(IAuditStore store, TimeProvider time)
{
    private const int Step = 500, CutStep = 5_000;

    /// <summary>What is being done for longer is taken for cut short.</summary>
    private static readonly TimeSpan LongestAct = TimeSpan.FromMinutes(5);

    /// <summary>All of it, or what is left of it, oldest first.</summary>
    public async IAsyncEnumerable<AuditEntry> ReadAsync(AuditFilter filter, long after, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        while (await store.ReadAsync(filter, after, Step, cancellationToken) is { Count: > 0 } some)
        {
            foreach (var entry in some)
            {
                yield return entry;
            }

            after = some[^1].Sequence;
        }
    }

    /// <summary>Follows the chain from its beginning, or from the last cut.</summary>
    public async Task<AuditVerification> VerifyAsync(CancellationToken cancellationToken)
    {
        var (through, hash) = await store.ListAsync(new AuditFilter(Action: AuditEntry.Cut), null, 1, cancellationToken) is [var cut] ? ReadCut(cut) : (0, AuditEntry.Beginning);
        var (sequence, last, problem) = (through, hash, (string?)null);
        await foreach (var entry in ReadAsync(AuditFilter.All, through, cancellationToken))
        {
            problem = entry.ProblemBehind(sequence + 1, last);
            if (problem is not null)
            {
                return new(false, sequence - through, through + 1, sequence, last, entry.Sequence, problem);
            }

            (sequence, last) = (entry.Sequence, entry.Hash);
        }

        return new(true, sequence - through, through + 1, sequence, last, null, null);
    }

    /// <summary>Adds what was cut short, and takes away what is older than a number of days.</summary>
    /// <param name="days">0 for nothing.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task KeepAsync(int days, CancellationToken cancellationToken)
    {
        var now = Storage.Identifier.Now(time);
        await store.RepairAsync(now - LongestAct, cancellationToken);
        while (days > 0)
        {
            // From the beginning to the first that is young enough, whatever clocks have said in between.
            var oldest = await store.ReadAsync(AuditFilter.All, 0, CutStep, cancellationToken);
            AuditEntry[] old = [.. oldest.TakeWhile(entry => entry.At < now.AddDays(-days))];

            // An entry that tells of a cut takes the place of one alone: nothing is won.
            if (old.Length < 2)
            {
                return;
            }

            await store.CutAsync(old[^1].Sequence, AuditEntry.ActOfCut(old[^1], time), cancellationToken);
        }
    }

    /// <summary>One that cannot be read was changed: the chain is followed from its beginning then, and broken there.</summary>
    private static (long Through, string Hash) ReadCut(AuditEntry cut)
    {
        try
        {
            return cut.ReadCut();
        }
        catch (Exception changed) when (changed is System.Text.Json.JsonException or KeyNotFoundException or InvalidOperationException or FormatException or IndexOutOfRangeException)
        {
            return (0, AuditEntry.Beginning);
        }
    }
}

/// <summary>What <c>GET /api/audit/verify</c> answers. The newest hash, noted elsewhere, shows later whether the end was cut off, which a chain cannot show of itself.</summary>
/// <param name="Intact">Whether every entry is as it was written, and none is missing between the first and the last.</param>
/// <param name="Entries">That were found to be right.</param>
/// <param name="First">Sequence number of the first that is kept.</param>
/// <param name="Last">Sequence number of the last that was found to be right.</param>
/// <param name="LastHash">Its hash.</param>
/// <param name="BrokenAt">Sequence number of the first entry that is not right; <see langword="null"/> for none.</param>
/// <param name="Problem">What is wrong with it.</param>
internal sealed record AuditVerification(bool Intact, long Entries, long First, long Last, string LastHash, long? BrokenAt, string? Problem);
