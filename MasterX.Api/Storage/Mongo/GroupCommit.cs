using System.Diagnostics;
using System.Threading.Channels;

namespace MasterX.Api.Storage.Mongo;

/// <summary>
/// Writes together what is asked for while another write is under way: hundreds of callers at once wait hardly longer than one, and the
/// database waits for its disk, or its majority, once for all of them.
/// </summary>
/// <param name="write">Writes them, all or none acknowledged; as many results as items, in their order.</param>
internal sealed class GroupCommit<TItem, TResult>(Func<IReadOnlyList<TItem>, Task<IReadOnlyList<TResult>>> write)
{
    private const int MostTogether = 256;

    private readonly Channel<(TItem Item, Activity? Asker, TaskCompletionSource<TResult> Done)> _queue = Channel.CreateUnbounded<(TItem, Activity?, TaskCompletionSource<TResult>)>();
    private int _isWriting;

    /// <summary>Ends as the write does that takes the item along.</summary>
    /// <param name="item">What is to be written.</param>
    public Task<TResult> WriteAsync(TItem item)
    {
        var done = new TaskCompletionSource<TResult>(TaskCreationOptions.RunContinuationsAsynchronously);
        _queue.Writer.TryWrite((item, Activity.Current, done));
        Begin();
        return done.Task;
    }

    private void Begin()
    {
        if (Interlocked.CompareExchange(ref _isWriting, 1, 0) == 0)
        {
            using (ExecutionContext.SuppressFlow())
            {
                // It writes for others too: none of them is the one it belongs to.
                _ = Task.Run(RunAsync);
            }
        }
    }

    private async Task RunAsync()
    {
        var together = new List<(TItem Item, Activity? Asker, TaskCompletionSource<TResult> Done)>();
        do
        {
            while (_queue.Reader.TryRead(out var next))
            {
                together.Add(next);
                if (together.Count == MostTogether)
                {
                    await WriteAsync(together);
                }
            }

            await WriteAsync(together);
            Volatile.Write(ref _isWriting, 0);

            // What came in between has found a writer that was about to stop.
        }
        while (_queue.Reader.TryPeek(out _) && Interlocked.CompareExchange(ref _isWriting, 1, 0) == 0);
    }

    private async Task WriteAsync(List<(TItem Item, Activity? Asker, TaskCompletionSource<TResult> Done)> together)
    {
        if (together.Count == 0)
        {
            return;
        }

        // What is written for several is in the trace of the first of them.
        Activity.Current = together[0].Asker;
        try
        {
            var results = await write([.. together.Select(item => item.Item)]);
            for (var i = 0; i < together.Count; i++)
            {
                together[i].Done.TrySetResult(results[i]);
            }
        }
        catch (Exception error)
        {
            // The boundary of a write that others wait for: they are told, whatever it is.
            together.ForEach(item => item.Done.TrySetException(error));
        }

        together.Clear();
    }
}
