using MasterX.AiGateway.Requests;
using MasterX.ServiceDefaults.Http;

namespace MasterX.AiGateway.Providers;

/// <summary>Reads a whole answer into one buffer, and no further than a limit, and has it worked on.</summary>
internal static class AnswerBody
{
    /// <summary>Bytes read one after the other without waiting, after which the socket's thread is left to the other sockets.</summary>
    private const int MostBytesPerTurn = 256 * 1024;

    /// <param name="stream">The body.</param>
    /// <param name="length">Its length, where it was told.</param>
    /// <param name="largest">The limit, in bytes.</param>
    /// <param name="limit">Ends the reading.</param>
    /// <param name="idle">How long the provider may be silent in between.</param>
    /// <param name="clock">The attempt's, which ends the reading in any case.</param>
    /// <param name="state">Handed to <paramref name="use"/>.</param>
    /// <param name="use">
    /// Is given the body, which is its own from then on, or <see langword="null"/> when it is larger than the limit. A large one it is
    /// given on a thread of the pool. Whoever awaits this may find it done already, and go on where it was.
    /// </param>
    public static async ValueTask<TResult> ReadAsync<TState, TResult>(
        Stream stream, long? length, int largest, CancellationTokenSource limit, TimeSpan idle, AttemptClock clock, TState state,
        Func<PooledBuffer?, TState, TResult> use)
    {
        if (length > largest)
        {
            return use(null, state);
        }

        var body = new PooledBuffer((int)(length + 1 ?? 4096));
        try
        {
            var turn = 0;
            while (true)
            {
                var reading = stream.ReadAsync(body.GetMemory(), limit.Token);
                turn = reading.IsCompleted ? turn : 0;
                var read = await reading;
                if (read == 0)
                {
                    await SocketThread.LeaveFor(body.Length);
                    return use(body, state);
                }

                body.Advance(read);
                if (body.Length > largest)
                {
                    body.Dispose();
                    return use(null, state);
                }

                // A body that came in one piece, as most do, needs no new limit for its end.
                if (body.Length != length)
                {
                    limit.CancelAfter(ProviderClient.Shorter(idle, clock.Left));
                }

                if ((turn += read) > MostBytesPerTurn)
                {
                    await SocketThread.LeaveFor(turn);
                    turn = 0;
                }
            }
        }
        catch
        {
            body.Dispose();
            throw;
        }
    }
}
