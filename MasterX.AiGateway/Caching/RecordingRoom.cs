namespace MasterX.AiGateway.Caching;

/// <summary>What all recordings under way may hold together, in bytes and in number.</summary>
/// <param name="mostBytes">Bytes of all together.</param>
internal sealed class RecordingRoom(long mostBytes)
{
    private const int MostRecordings = 1024;

    private long _bytes;
    private int _recordings;

    /// <summary>Bytes held now.</summary>
    public long Bytes => Volatile.Read(ref _bytes);

    /// <summary>Recordings under way or still being read.</summary>
    public int Recordings => Volatile.Read(ref _recordings);

    /// <summary>Whether another recording may begin; <see cref="End"/> makes its place free again.</summary>
    public bool TryBegin()
    {
        if (Interlocked.Increment(ref _recordings) <= MostRecordings && Bytes < mostBytes)
        {
            return true;
        }

        Interlocked.Decrement(ref _recordings);
        return false;
    }

    public void End() => Interlocked.Decrement(ref _recordings);

    /// <summary>Takes room if there is enough.</summary>
    public bool TryTake(int bytes)
    {
        if (Interlocked.Add(ref _bytes, bytes) <= mostBytes)
        {
            return true;
        }

        Release(bytes);
        return false;
    }

    /// <summary>Takes room that a recording cannot do without, whether there is enough or not.</summary>
    public void Take(int bytes) => Interlocked.Add(ref _bytes, bytes);

    public void Release(long bytes) => Interlocked.Add(ref _bytes, -bytes);
}
