namespace MasterX.ServiceDefaults.Sharing;

/// <summary>What a replica decides by itself, while Redis cannot be had: by its share.</summary>
public sealed partial class SharedLimits
{
    /// <summary>Decides all who wait, without Redis.</summary>
    private void DecideAlone()
    {
        SharedEntry[] waiting;
        lock (_gate)
        {
            waiting = [.. _waiting];
            _waiting.Clear();
            foreach (var window in _used.OfType<SharedWindow>())
            {
                window.Forget();
            }

            foreach (var entry in waiting)
            {
                Decide(entry);
            }
        }

        foreach (var entry in waiting)
        {
            entry.Complete(here: false);
        }
    }

    /// <summary>Decides on a request by this replica's share.</summary>
    private void Decide(SharedEntry entry)
    {
        (entry.Refused, entry.Wait) = (-1, TimeSpan.Zero);
        for (var i = 0; i < entry.Lines.Length && entry.IsAdmitted; i++)
        {
            switch (entry.Lines[i].Limit)
            {
                case SharedPlaces places when places.Running >= places.Share:
                    entry.Refused = i;
                    break;
                case SharedWindow window when !window.Fits(Cost(window, entry.Lines[i].Cost), out var wait):
                    (entry.Refused, entry.Wait) = (i, wait);
                    break;
            }
        }

        for (var i = 0; i < entry.Lines.Length; i++)
        {
            var (limit, cost) = entry.Lines[i];
            if (limit is SharedPlaces places)
            {
                if (entry.IsAdmitted)
                {
                    places.Running++;
                    MarkDirty(places);
                }

                places.LastLeft = Math.Max(0, places.Share - places.Running);
                entry.Note(i, new(places.LastLeft, TimeSpan.Zero));
            }
            else if (limit is SharedWindow window)
            {
                if (entry.IsAdmitted)
                {
                    entry.Reservations[i] = new(0, window.Take(Cost(window, cost), isTold: false));
                    MarkDirty(window);
                }

                var standing = window.Standing();
                window.Learn(standing.Left, standing.UntilMore, null);
                entry.Note(i, standing);
            }
        }
    }
}
