using System.Buffers;
using System.Collections.Concurrent;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Text;
using MasterX.AiGateway.Requests;

namespace MasterX.Tests.Hosts;

/// <summary>
/// The gateway's pool in every test of this process: what comes back is overwritten and is the next to be lent, so that whoever still
/// reads it finds nonsense or another's bytes, and whoever still writes to it is found out when it is lent again.
/// </summary>
internal sealed class PoisoningPool : ArrayPool<byte>
{
    private const byte Poison = 0xDB;
    private const int LargestKept = 1024 * 1024;

    private readonly ConcurrentStack<byte[]>[] _arrays = [.. Enumerable.Range(0, 32).Select(_ => new ConcurrentStack<byte[]>())];
    private int _writtenAfterReturn;

    public static PoisoningPool Instance { get; } = new();

    /// <summary>Arrays that were written to by someone who had given them back.</summary>
    public int WrittenAfterReturn => Volatile.Read(ref _writtenAfterReturn);

    /// <summary>A buffer with a text in it, as a request's body is.</summary>
    public static PooledBuffer Buffer(string text)
    {
        var buffer = new PooledBuffer(text.Length);
        Encoding.UTF8.GetBytes(text, buffer);
        return buffer;
    }

    public override byte[] Rent(int minimumLength)
    {
        var bucket = BitOperations.Log2(BitOperations.RoundUpToPowerOf2((uint)Math.Max(minimumLength, 16)));
        if (!_arrays[bucket].TryPop(out var array))
        {
            return new byte[1 << bucket];
        }

        if (array.AsSpan().ContainsAnyExcept(Poison))
        {
            Interlocked.Increment(ref _writtenAfterReturn);
        }

        return array;
    }

    public override void Return(byte[] array, bool clearArray = false)
    {
        array.AsSpan().Fill(Poison);
        if (array.Length <= LargestKept)
        {
            _arrays[BitOperations.Log2((uint)array.Length)].Push(array);
        }
    }

    [ModuleInitializer]
    internal static void Install() => PooledBuffer.Pool = Instance;
}
