using System.Threading.Channels;
using Microsoft.Data.Sqlite;

namespace MasterX.Api.Storage.Embedded;

/// <summary>
/// SQLite's one writer. What is queued while it waits for the disk is written together next, in one transaction with one wait: a hundred callers at once wait hardly longer than one.
/// Each write is a savepoint of its own in it, made whole or not at all, whatever becomes of the others; and none is acknowledged before the transaction is on the disk.
/// </summary>
internal sealed class EmbeddedWriter : IDisposable
{
    private const int MostTogether = 256;

    private readonly Channel<IPending> _queue = Channel.CreateUnbounded<IPending>(new UnboundedChannelOptions { SingleReader = true });
    private readonly Func<EmbeddedConnection> _open;
    private readonly Action _check;
    private readonly Func<SqliteException, StorageException> _describe;
    private readonly Task _loop;
    private EmbeddedConnection? _connection;

    /// <param name="open">Opens a connection.</param>
    /// <param name="check">Throws where nothing may be acknowledged.</param>
    /// <param name="describe">Says what to do about an error.</param>
    public EmbeddedWriter(Func<EmbeddedConnection> open, Action check, Func<SqliteException, StorageException> describe)
    {
        (_open, _check, _describe) = (open, check, describe);
        using (ExecutionContext.SuppressFlow())
        {
            // The writer belongs to no request, and to no trace of one.
            _loop = Task.Run(RunAsync);
        }
    }

    /// <exception cref="StorageException">It was not written.</exception>
    public Task<T> WriteAsync<T>(Func<EmbeddedConnection, T> write, EmbeddedSpan? span, CancellationToken cancellationToken)
    {
        // The queue is as long as there are requests under way; those are bounded.
        var pending = new Pending<T>(write, span, cancellationToken);
        if (!_queue.Writer.TryWrite(pending))
        {
            pending.Fail(new StorageException("The database was closed: the service has stopped.", new ObjectDisposedException(nameof(EmbeddedWriter))));
        }

        return pending.Task;
    }

    /// <summary>Writes what is queued, and ends.</summary>
    public void Dispose()
    {
        _queue.Writer.TryComplete();
        _loop.Wait(TimeSpan.FromSeconds(30));
    }

    private async Task RunAsync()
    {
        var together = new List<IPending>(MostTogether);
        while (await _queue.Reader.WaitToReadAsync())
        {
            while (together.Count < MostTogether && _queue.Reader.TryRead(out var pending))
            {
                if (!pending.IsCancelled())
                {
                    together.Add(pending);
                }
            }

            if (together.Count > 0)
            {
                Write(together);
                together.Clear();
            }
        }

        _connection?.Dispose();
    }

    private void Write(List<IPending> together)
    {
        try
        {
            _check();
            var connection = _connection ??= _open();
            connection.Command("BEGIN IMMEDIATE").Run();
            foreach (var pending in together)
            {
                pending.Run(connection, _describe);
            }

            connection.Command("COMMIT").Run();
            _check();
        }
        catch (Exception error)
        {
            // Nothing of it is written. Whatever state the connection is in, the next one is in none.
            _connection?.Dispose();
            _connection = null;
            var told = error is SqliteException refused ? _describe(refused) : error;
            together.ForEach(pending => pending.Fail(told));
            return;
        }

        together.ForEach(pending => pending.Complete());
    }

    private interface IPending
    {
        bool IsCancelled();

        void Run(EmbeddedConnection connection, Func<SqliteException, StorageException> describe);

        void Complete();

        void Fail(Exception error);
    }

    private sealed class Pending<T>(Func<EmbeddedConnection, T> write, EmbeddedSpan? span, CancellationToken cancellationToken) : IPending
    {
        private readonly TaskCompletionSource<T> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private T? _result;
        private Exception? _error;

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

        public void Run(EmbeddedConnection connection, Func<SqliteException, StorageException> describe)
        {
            connection.Command("SAVEPOINT one").Run();
            try
            {
                connection.Span = span;
                _result = write(connection);
            }
            catch (Exception error)
            {
                _error = error is SqliteException refused ? describe(refused) : error;

                // Where the error has ended the whole transaction, this fails, and with it all that was to be written together.
                connection.Command("ROLLBACK TO one").Run();
            }

            connection.Span = null;
            connection.Command("RELEASE one").Run();
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
