using System.Runtime.CompilerServices;

namespace MasterX.ServiceDefaults.Http;

/// <summary>
/// The other half of <see cref="InlineSockets"/>: what a socket brings is handled on the thread that serves many sockets, so nothing that
/// grows with the size of what came may run there. A small answer stays; a large one moves to the thread pool before it is worked on.
/// </summary>
public static class SocketThread
{
    /// <summary>Bytes that are worked on in one turn on a socket's thread: some tens of microseconds of parsing.</summary>
    public const int MostBytes = 32 * 1024;

    /// <summary>
    /// To be awaited before work that grows with <paramref name="bytes"/>. Free where they are few, or the thread is the pool's already.
    /// </summary>
    public static SocketThreadDeparture LeaveFor(long bytes) => new(bytes <= MostBytes || Thread.CurrentThread.IsThreadPoolThread);
}

/// <summary>Goes on at once, or on a thread of the pool.</summary>
/// <param name="IsCompleted">Whether it goes on at once.</param>
public readonly record struct SocketThreadDeparture(bool IsCompleted) : ICriticalNotifyCompletion
{
    /// <summary>For <see langword="await"/>.</summary>
    public SocketThreadDeparture GetAwaiter() => this;

    /// <summary>For <see langword="await"/>.</summary>
    public void GetResult()
    {
    }

    /// <inheritdoc/>
    public void OnCompleted(Action continuation) => ThreadPool.QueueUserWorkItem(static next => next(), continuation, preferLocal: false);

    /// <inheritdoc/>
    public void UnsafeOnCompleted(Action continuation) =>
        ThreadPool.UnsafeQueueUserWorkItem(static next => next(), continuation, preferLocal: false);
}
