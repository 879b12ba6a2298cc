using System.IO.MemoryMappedFiles;
using System.Text.Json;
using MasterX.Api.Calls;

namespace MasterX.Api.Storage.Embedded;

/// <summary>
/// Calls that are under way in one process, a slot of a file for each. The file is mapped into memory: what has been written survives the
/// process, as what an opening has to, and no system call is made for it, where a row of the database is a transaction. The process that made
/// the file has it locked as long as it lives; another one can open it then, and finds the calls that nobody has booked.
/// <code>
///  slot ─ length of what follows, 4 bytes; 0 for a free one, written last
///       ─ the call as JSON
/// </code>
/// </summary>
internal sealed class OpenCallFile : IDisposable
{
    /// <summary>What files of this kind are called.</summary>
    public const string Pattern = "masterx-calls-*.open";

    private const int SlotBytes = 1024, Slots = 2048, LengthBytes = sizeof(int);

    private static readonly byte[] Nothing = new byte[SlotBytes];

    private readonly FileStream _file;
    private readonly MemoryMappedFile _mapping;
    private readonly MemoryMappedViewAccessor _slots;
    private readonly Dictionary<string, Slot> _calls = new(StringComparer.Ordinal);
    private readonly Stack<int> _free = new(Slots);
    private readonly Lock _lock = new();

    private OpenCallFile(FileStream file, string name)
    {
        (_file, Name) = (file, name);
        _mapping = MemoryMappedFile.CreateFromFile(file, null, SlotBytes * Slots, MemoryMappedFileAccess.ReadWrite, HandleInheritability.None, leaveOpen: true);
        _slots = _mapping.CreateViewAccessor();
        for (var slot = Slots - 1; slot >= 0; slot--)
        {
            _free.Push(slot);
        }
    }

    public string Name { get; }

    /// <summary>Those that are under way.</summary>
    public IReadOnlyList<Call> Calls
    {
        get
        {
            lock (_lock)
            {
                return [.. _calls.Values.Select(slot => slot.Call)];
            }
        }
    }

    /// <summary>Makes one for this process. Its room is taken at once, so that a disk that is full later ends no call.</summary>
    /// <exception cref="IOException">There is no room for it, or it cannot be made.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be made.</exception>
    public static OpenCallFile Make(string directory)
    {
        var options = new FileStreamOptions
        {
            Mode = FileMode.CreateNew, Access = FileAccess.ReadWrite, Share = FileShare.None, BufferSize = 0, PreallocationSize = SlotBytes * Slots,
        };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = EmbeddedFiles.OwnerOnly;
        }

        var name = Path.Combine(directory, Pattern.Replace("*", Guid.NewGuid().ToString("N"), StringComparison.Ordinal));
        if (OperatingSystem.IsWindows())
        {
            return Owned(new FileStream(name, options), name, static _ => { });
        }

        // It is made and locked in two steps; in between it would be taken for that of a process that has died. So nobody finds it before it is locked.
        return Owned(new FileStream(name + ".new", options), name, static made => File.Move(made._file.Name, made.Name));
    }

    /// <summary>Opens one whose process has died.</summary>
    /// <returns><see langword="null"/> when its process, or another that has taken it, is alive, or it is gone.</returns>
    public static OpenCallFile? TryTake(string path)
    {
        try
        {
            return Owned(
                new FileStream(path, new FileStreamOptions { Mode = FileMode.Open, Access = FileAccess.ReadWrite, Share = FileShare.None, BufferSize = 0 }), path, static taken => taken.Read());
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Writes a call.</summary>
    /// <returns>Whether it is written; not when it is too large for a slot, or all slots are taken.</returns>
    /// <exception cref="ObjectDisposedException">It is closed.</exception>
    public bool TryAdd(Call call)
    {
        var text = JsonSerializer.SerializeToUtf8Bytes(call, CallJson.Default.Call);
        if (text.Length > SlotBytes - LengthBytes)
        {
            return false;
        }

        Slot slot;
        lock (_lock)
        {
            if (!_free.TryPop(out var number))
            {
                return false;
            }

            _calls[call.Id] = slot = new(number, LengthBytes + text.Length, call);
        }

        _slots.WriteArray(slot.Position + LengthBytes, text, 0, text.Length);
        Interlocked.MemoryBarrier();
        _slots.Write(slot.Position, text.Length);
        return true;
    }

    public bool Contains(string callId)
    {
        lock (_lock)
        {
            return _calls.ContainsKey(callId);
        }
    }

    /// <summary>Overwrites a call.</summary>
    /// <returns>Whether it was there.</returns>
    /// <exception cref="ObjectDisposedException">It is closed.</exception>
    public bool Remove(string callId)
    {
        Slot slot;
        lock (_lock)
        {
            // Whoever takes it out clears its slot: a call that two have booked gives it back once.
            if (!_calls.Remove(callId, out slot))
            {
                return false;
            }
        }

        _slots.Write(slot.Position, 0);
        Interlocked.MemoryBarrier();
        _slots.WriteArray(slot.Position + LengthBytes, Nothing, 0, slot.Bytes - LengthBytes);
        lock (_lock)
        {
            _free.Push(slot.Number);
        }

        return true;
    }

    /// <summary>Closes it, and deletes it where nothing is in it any more.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            if (_calls.Count == 0)
            {
                // While it is locked: nobody has it open who would not see it go.
                File.Delete(Name);
            }

            _slots.Dispose();
            _mapping.Dispose();
            _file.Dispose();
        }
    }

    /// <summary>Closes a file again whose beginning fails.</summary>
    private static OpenCallFile Owned(FileStream file, string name, Action<OpenCallFile> begin)
    {
        try
        {
            var owned = new OpenCallFile(file, name);
            begin(owned);
            return owned;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    private void Read()
    {
        var text = new byte[SlotBytes];
        for (var number = 0; number < Slots; number++)
        {
            var slot = new Slot(number, 0, null!);
            if (_slots.ReadInt32(slot.Position) is var length and > 0 and <= SlotBytes - LengthBytes)
            {
                _slots.ReadArray(slot.Position + LengthBytes, text, 0, length);
                if (CallIn(text.AsSpan(0, length)) is { } call)
                {
                    _calls[call.Id] = slot with { Bytes = LengthBytes + length, Call = call };
                }
            }
        }
    }

    /// <returns><see langword="null"/> for what is not whole since the machine went down.</returns>
    private static Call? CallIn(ReadOnlySpan<byte> text)
    {
        try
        {
            return JsonSerializer.Deserialize(text, CallJson.Default.Call);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private readonly record struct Slot(int Number, int Bytes, Call Call)
    {
        public long Position => (long)Number * SlotBytes;
    }
}
