using MasterX.Api.Calls;

namespace MasterX.Api.Storage.Embedded;

/// <summary>
/// Calls under way that hold nothing in a budget, beside the database: this process has a file of its own for them, and takes those of processes
/// that have died. Where there is no room in it the database itself is written to.
/// </summary>
internal sealed class OpenCalls(string directory) : IDisposable
{
    /// <summary>How long a file that could not be made is not tried again, in milliseconds.</summary>
    private const long Pause = 1000;

    private readonly List<OpenCallFile> _taken = [];
    private readonly Lock _lock = new();
    private volatile OpenCallFile? _own;
    private long _notBefore = long.MinValue;
    private bool _isClosed;

    /// <summary>Writes a call; it survives this process then.</summary>
    /// <returns>Whether it is written.</returns>
    public bool TryAdd(Call call)
    {
        try
        {
            return (_own ?? Make())?.TryAdd(call) ?? false;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ObjectDisposedException)
        {
            // What is wrong with the disk is the database's to tell.
            return false;
        }
    }

    /// <summary>Whether a call is here, and not in the database.</summary>
    public bool Contains(string callId)
    {
        if (_own?.Contains(callId) == true)
        {
            return true;
        }

        lock (_lock)
        {
            return _taken.Exists(file => file.Contains(callId));
        }
    }

    /// <summary>Removes a call that is booked. One that cannot be is found again by another process, and booked no second time.</summary>
    public void Remove(string callId)
    {
        try
        {
            if (_own?.Remove(callId) == true)
            {
                return;
            }

            lock (_lock)
            {
                if (_taken.Find(file => file.Remove(callId)) is { Calls: [] } done)
                {
                    _taken.Remove(done);
                    done.Dispose();
                }
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ObjectDisposedException)
        {
            // As said.
        }
    }

    /// <summary>Those of this process, and of those that have died.</summary>
    public IReadOnlyList<Call> List()
    {
        lock (_lock)
        {
            if (_isClosed)
            {
                return [];
            }

            foreach (var name in Directory.EnumerateFiles(directory, OpenCallFile.Pattern))
            {
                if (name != _own?.Name && !_taken.Exists(file => file.Name == name) && OpenCallFile.TryTake(name) is { } taken)
                {
                    if (taken.Calls.Count > 0)
                    {
                        _taken.Add(taken);
                    }
                    else
                    {
                        taken.Dispose();
                    }
                }
            }

            return [.. _own?.Calls ?? [], .. _taken.SelectMany(file => file.Calls)];
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _isClosed = true;
            _taken.ForEach(file => file.Dispose());
            _taken.Clear();
            _own?.Dispose();
        }
    }

    private OpenCallFile? Make()
    {
        lock (_lock)
        {
            if (_own is null && !_isClosed && Environment.TickCount64 > _notBefore)
            {
                _notBefore = Environment.TickCount64 + Pause;
                _own = OpenCallFile.Make(directory);
            }

            return _own;
        }
    }
}
