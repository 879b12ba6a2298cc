using System.Buffers;
using System.Runtime.CompilerServices;

namespace MasterX.AiGateway.Requests;

/// <summary>
/// Bytes in one array rented from a pool, growing by renting a larger one. Whoever makes it owns it, writes it and disposes it. Whoever
/// else uses it, or uses it for longer, holds it: the array goes back to the pool when the owner is done and the last hold has ended,
/// whichever comes last. Memory lent by it is looked up in it at every use, so that a use after that throws, and never finds another
/// request's bytes.
/// </summary>
internal sealed class PooledBuffer(int capacity) : MemoryManager<byte>, IBufferWriter<byte>, IDisposable
{
    private byte[]? _array = Pool.Rent(Math.Max(capacity, 256));

    /// <summary>The owner, while it is not done, and the holds.</summary>
    private int _users = 1;
    private int _isDisposed;

    /// <summary>Where the arrays come from and go back to. The tests put a pool here that spoils what comes back.</summary>
    public static ArrayPool<byte> Pool { get; set; } = ArrayPool<byte>.Shared;

    public int Length { get; private set; }

    public new ReadOnlyMemory<byte> Memory => CreateMemory(0, Length);

    public ReadOnlySpan<byte> Span => Rented.AsSpan(0, Length);

    private byte[] Rented => _array ?? throw new ReleasedBufferException();

    public override Span<byte> GetSpan() => Rented;

    public void Advance(int count) => Length += count;

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        Reserve(sizeHint);
        return CreateMemory(Length, Rented.Length - Length);
    }

    public Span<byte> GetSpan(int sizeHint = 0)
    {
        Reserve(sizeHint);
        return Rented.AsSpan(Length);
    }

    public void Clear() => Length = 0;

    /// <summary>Forgets the bytes behind the first <paramref name="length"/>.</summary>
    public void Truncate(int length) => Length = Math.Min(Length, length);

    /// <summary>Forgets the first bytes; those behind them move to the front.</summary>
    public void Discard(int count)
    {
        if (count > 0)
        {
            Rented.AsSpan(count, Length - count).CopyTo(_array);
            Length -= count;
        }
    }

    /// <summary>Begins a use that may outlast the owner's; <see cref="LetGo"/> ends it, once.</summary>
    /// <exception cref="ReleasedBufferException">The bytes are gone already.</exception>
    public PooledBuffer Hold()
    {
        var users = Volatile.Read(ref _users);
        while (users > 0)
        {
            var before = Interlocked.CompareExchange(ref _users, users + 1, users);
            if (before == users)
            {
                return this;
            }

            users = before;
        }

        throw new ReleasedBufferException();
    }

    /// <summary>Ends a use begun by <see cref="Hold"/>.</summary>
    public void LetGo()
    {
        var left = Interlocked.Decrement(ref _users);
        if (left == 0)
        {
            var array = _array!;
            (_array, Length) = (null, 0);
            Pool.Return(array);
        }
        else if (left < 0)
        {
            throw new InvalidOperationException("A buffer was let go of more often than it was held.");
        }
    }

    /// <summary>The owner is done. Doing it twice does nothing: it never takes the bytes from those who hold them.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) == 0)
        {
            LetGo();
        }
    }

    public override MemoryHandle Pin(int elementIndex = 0) => Rented.AsMemory(elementIndex).Pin();

    public override void Unpin()
    {
        // The handle given by Pin is the array's own.
    }

    protected override void Dispose(bool disposing) => Dispose();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Reserve(int more)
    {
        if (Rented.Length - Length < Math.Max(more, 1))
        {
            Grow(more);
        }
    }

    private void Grow(int more)
    {
        if (Volatile.Read(ref _users) > 1)
        {
            throw new InvalidOperationException("A buffer that others hold cannot grow: they may look at the array it would give back.");
        }

        var larger = Pool.Rent(Math.Max(Length + Math.Max(more, 1), Rented.Length * 2));
        var smaller = Rented;
        smaller.AsSpan(0, Length).CopyTo(larger);
        _array = larger;
        Pool.Return(smaller);
    }
}

/// <summary>
/// A fault of the gateway's own: bytes were used after their last user was done with them. It is of a kind that nobody takes for bad JSON
/// or a broken connection.
/// </summary>
internal sealed class ReleasedBufferException() : Exception("The bytes of a buffer were used after their last user was done with them.");
