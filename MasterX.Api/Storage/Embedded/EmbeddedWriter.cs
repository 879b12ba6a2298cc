using System.Collections.Concurrent;
using Microsoft.Data.Sqlite;

namespace MasterX.Api.Storage.Embedded;

/// <summary>
/// SQLite's one writer, in two steps that go on beside each other:
/// <code>
///  write ─ what is queued, together, in one transaction; each a savepoint of its own, made whole or not at all, whatever becomes of the others
///  flush ─ waits for the disk, once for all that was written until then; what is to be on the disk is acknowledged after it, and not before
/// </code>
/// SQLite itself would wait for the disk within its lock (<c>synchronous=FULL</c>), and every other writer behind it. As it is, the connection has
/// <c>synchronous=NORMAL</c>, which leaves out that wait and no other, and the log is flushed here
/// (<see href="https://www.sqlite.org/pragma.html#pragma_synchronous"/>). What need not wait for the disk is written by its caller's own thread
/// where nobody else writes: microseconds, against the tens of them that it takes to wake another.
/// </summary>
internal sealed class EmbeddedWriter : IDisposable
{
    private const int MostTogether = 256;

    private readonly ConcurrentQueue<IPending> _queue = new(), _written = new();
    private readonly List<IPending> _together = new(MostTogether);
    private readonly Func<EmbeddedConnection> _open;
    private readonly Action _check, _flush;
    private readonly Func<Exception, Exception> _describe;
    private EmbeddedConnection? _connection;
    private int _isWriting, _isFlushing;
    private volatile bool _isClosed;

    /// <param name="open">Opens a connection.</param>
    /// <param name="check">Throws where nothing may be acknowledged.</param>
    /// <param name="flush">Waits until what was written is on the disk.</param>
    /// <param name="describe">Says of an error of the database or of the disk what to do about it.</param>
    public EmbeddedWriter(Func<EmbeddedConnection> open, Action check, Action flush, Func<Exception, Exception> describe) =>
        (_open, _check, _flush, _describe) = (open, check, flush, describe);

    /// <exception cref="StorageException">It was not written.</exception>
    public Task<T> WriteAsync<T>(Func<EmbeddedConnection, T> write, WritePace pace, EmbeddedSpan? span, CancellationToken cancellationToken)
    {
        // The queue is as long as there are requests under way; those are bounded.
        var pending = new Pending<T>(write, pace, span, cancellationToken);
        _queue.Enqueue(pending);
        if (_isClosed)
        {
            Refuse();
        }
        else if (TryBegin(ref _isWriting))
        {
            if (pace == WritePace.Written)
            {
                Write();
                EndWriting();
            }
            else
            {
                Run(static writer => writer.WriteAll());
            }
        }

        return pending.Task;
    }

    /// <summary>Writes what is queued, and ends; once.</summary>
    public void Dispose()
    {
        _isClosed = true;
        if (!SpinWait.SpinUntil(() => TryBegin(ref _isWriting), TimeSpan.FromSeconds(30)))
        {
            return;
        }

        while (!_queue.IsEmpty)
        {
            Write();
        }

        SpinWait.SpinUntil(() => TryBegin(ref _isFlushing), TimeSpan.FromSeconds(30));
        Flush();
        _connection?.Dispose();

        // Neither lock is given back: whoever comes late is refused.
        Refuse();
    }

    private static bool TryBegin(ref int isUnderWay) => Interlocked.CompareExchange(ref isUnderWay, 1, 0) == 0;

    private void Run(Action<EmbeddedWriter> step) => ThreadPool.UnsafeQueueUserWorkItem(step, this, preferLocal: false);

    private void Refuse()
    {
        while (_queue.TryDequeue(out var late))
        {
            late.Fail(new StorageException("The database was closed: the service has stopped.", new ObjectDisposedException(nameof(EmbeddedWriter))));
        }
    }

    private void BeginWriting()
    {
        if (!_queue.IsEmpty && TryBegin(ref _isWriting))
        {
            Run(static writer => writer.WriteAll());
        }
    }

    private void WriteAll()
    {
        while (!_queue.IsEmpty)
        {
            Write();
        }

        EndWriting();
    }

    private void EndWriting()
    {
        Volatile.Write(ref _isWriting, 0);

        // What came in between has found a writer that was about to stop.
        Interlocked.MemoryBarrier();
        BeginWriting();
    }

    /// <summary>Writes the next of the queue, by whoever holds the writing.</summary>
    private void Write()
    {
        while (_together.Count < MostTogether && _queue.TryDequeue(out var pending))
        {
            if (!pending.IsCancelled())
            {
                _together.Add(pending);
            }
        }

        if (_together.Count == 0)
        {
            return;
        }

        if (TryWrite(_together) is not { } error)
        {
            Acknowledge(_together);
        }
        else if (_together.Count == 1 || !IsOfOne(error))
        {
            Fail(_together, error);
        }
        else
        {
            // What does not fit, or cannot be written, ends the transaction of all of them: each has one of its own then, and its own error.
            foreach (var pending in _together)
            {
                List<IPending> alone = [pending];
                if (TryWrite(alone) is { } own)
                {
                    Fail(alone, own);
                }
                else
                {
                    Acknowledge(alone);
                }
            }
        }

        _together.Clear();
        BeginFlushing();
    }

    /// <summary>Whether one write may have brought an error about; a database that is locked, gone or another is so for all.</summary>
    private static bool IsOfOne(Exception error) => error is SqliteException { SqliteErrorCode: not (5 or 6 or 8 or 11 or 14 or 26) };

    /// <summary>Writes some in one transaction.</summary>
    /// <returns>Why nothing of it is written; <see langword="null"/> where it is.</returns>
    private Exception? TryWrite(List<IPending> together)
    {
        try
        {
            var connection = _connection ??= _open();
            connection.Command("BEGIN IMMEDIATE").Run();
            if (together is [var alone])
            {
                // The transaction is its savepoint.
                var isDone = alone.TryRun(connection, _describe);
                if (isDone || connection.IsInTransaction)
                {
                    connection.Command(isDone ? "COMMIT" : "ROLLBACK").Run();
                }
            }
            else
            {
                foreach (var pending in together)
                {
                    connection.Command("SAVEPOINT one").Run();
                    if (!pending.TryRun(connection, _describe))
                    {
                        // Where the error has ended the whole transaction, this fails, and all of them.
                        connection.Command("ROLLBACK TO one").Run();
                    }

                    connection.Command("RELEASE one").Run();
                }

                connection.Command("COMMIT").Run();
            }

            _check();
            return null;
        }
        catch (Exception error)
        {
            // Whatever state the connection is in, the next one is in none.
            _connection?.Dispose();
            _connection = null;
            return error;
        }
    }

    /// <summary>Acknowledges what has been written, or has it wait for the disk.</summary>
    private void Acknowledge(List<IPending> together)
    {
        foreach (var pending in together)
        {
            if (pending.Pace == WritePace.Written)
            {
                pending.Complete();
            }
            else
            {
                _written.Enqueue(pending);
            }
        }
    }

    private void BeginFlushing()
    {
        if (!_written.IsEmpty && TryBegin(ref _isFlushing))
        {
            Run(static writer =>
            {
                writer.Flush();
                Volatile.Write(ref writer._isFlushing, 0);
                Interlocked.MemoryBarrier();
                writer.BeginFlushing();
            });
        }
    }

    /// <summary>Waits for the disk, and acknowledges what is on it then, by whoever holds the flushing.</summary>
    private void Flush()
    {
        var together = new List<IPending>(Math.Max(4, _written.Count));
        while (_written.TryDequeue(out var pending))
        {
            together.Add(pending);
        }

        if (together.Count == 0)
        {
            return;
        }

        try
        {
            _flush();
            _check();
        }
        catch (Exception error)
        {
            // It can be read, and may not be there after a power cut: whoever waits for it is told that it is not safe.
            Fail(together, error);
            return;
        }

        together.ForEach(static pending => pending.Complete());
    }

    private void Fail(List<IPending> together, Exception error)
    {
        var told = _describe(error);
        together.ForEach(pending => pending.Fail(told));
        together.Clear();
    }

    private interface IPending
    {
        WritePace Pace { get; }

        bool IsCancelled();

        /// <returns>Whether it did what it was to do; else what it has done is to be undone.</returns>
        bool TryRun(EmbeddedConnection connection, Func<Exception, Exception> describe);

        void Complete();

        void Fail(Exception error);
    }

    private sealed class Pending<T>(Func<EmbeddedConnection, T> write, WritePace pace, EmbeddedSpan? span, CancellationToken cancellationToken) : IPending
    {
        private readonly TaskCompletionSource<T> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private T? _result;
        private Exception? _error;

        public WritePace Pace => pace;

        public Task<T> Task => _done.Task;

        public bool IsCancelled()
        {
            if (!cancellationToken.IsCancellationRequested)
            {
                return false;
            }

            span?.End(new OperationCanceledException(cancellationToken));
            return _done.TrySetCanceled(cancellationToken);
        }

        public bool TryRun(EmbeddedConnection connection, Func<Exception, Exception> describe)
        {
            (connection.Span, _error) = (span, null);
            try
            {
                _result = write(connection);
            }
            catch (Exception error)
            {
                _error = describe(error);
            }

            connection.Span = null;
            return _error is null;
        }

        public void Complete()
        {
            span?.End(_error);
            if (_error is not null)
            {
                _done.TrySetException(_error);
            }
            else
            {
                _done.TrySetResult(_result!);
            }
        }

        public void Fail(Exception error)
        {
            span?.End(_error ?? error);
            _done.TrySetException(_error ?? error);
        }
    }
}
