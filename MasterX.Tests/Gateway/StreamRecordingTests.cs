using MasterX.AiGateway.Caching;

namespace MasterX.Tests.Gateway;

/// <summary>A recording serves each of its callers at the caller's own pace, and holds no more than it has to.</summary>
public sealed class StreamRecordingTests
{
    private const int Part = 512 * 1024;

    private readonly RecordingRoom _room = new(64 * 1024 * 1024);
    private readonly StreamRecording _recording;
    private readonly StreamFollower _first;

    public StreamRecordingTests()
    {
        Assert.True(_room.TryBegin());
        _recording = new StreamRecording(_room);
        _first = _recording.TryJoin(isFirst: true)!;
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task One_who_does_not_read_is_cut_off_when_another_waits_for_what_there_is_no_room_for()
    {
        var reader = _recording.TryJoin(isFirst: false)!;
        var reading = ReadAllAsync(reader);

        await WriteAsync(40);
        _recording.End(new RecordingEnd { Error = ("over", "over") });

        Assert.Equal(40L * Part, await reading);
        Assert.True(_first.CutOff.IsCancellationRequested);
        Assert.False(reader.CutOff.IsCancellationRequested);
    }

    [Fact]
    public async Task While_all_are_slow_the_call_waits_and_nobody_is_cut_off()
    {
        var other = _recording.TryJoin(isFirst: false)!;
        var writing = WriteAsync(40);
        Assert.False(writing.IsCompleted);
        Assert.Equal(StreamRecording.MostBehind, _room.Bytes);

        var (one, two) = (ReadAllAsync(_first), ReadAllAsync(other));
        await writing;
        _recording.End(new RecordingEnd { Error = ("over", "over") });

        // The one that is read a little later may be cut off, but never both.
        var read = await Task.WhenAll(one, two);
        Assert.Contains(40L * Part, read);
    }

    [Fact]
    public async Task One_too_long_to_be_kept_is_given_to_those_who_follow_it_and_joined_by_nobody_else()
    {
        await WriteAsync(2);
        Assert.NotNull(_recording.TryJoin(isFirst: false));
        await WriteAsync(1);

        Assert.Null(_recording.TryJoin(isFirst: false));
        Assert.Equal(3L * Part, await ReadAsync(_first, 3));
    }

    [Fact]
    public async Task What_nobody_has_still_to_be_given_is_held_no_more()
    {
        await WriteAsync(4);
        Assert.Equal(4L * Part, _room.Bytes);

        await ReadAsync(_first, 3);
        Assert.Equal(Part, _room.Bytes);

        await ReadAsync(_first, 1);
        Assert.Equal(0, _room.Bytes);
    }

    [Fact]
    public async Task One_that_everybody_has_left_ends_its_call_and_holds_nothing()
    {
        await WriteAsync(1);

        _recording.Leave(_first);

        Assert.True(_recording.Abandoned.IsCancellationRequested);
        Assert.Null(_recording.TryJoin(isFirst: false));
        Assert.Equal((0L, 0), (_room.Bytes, _room.Recordings));
        await WriteAsync(40);
        Assert.Equal(0, _room.Bytes);
    }

    [Fact]
    public async Task One_that_finds_no_room_beside_the_others_is_not_kept_and_still_goes_on()
    {
        _room.Take(64 * 1024 * 1024);
        var reading = ReadAllAsync(_first);

        await WriteAsync(4);
        _recording.End(new RecordingEnd { Error = ("over", "over") });

        Assert.Equal(4L * Part, await reading);
        Assert.Null(_recording.TryJoin(isFirst: false));
        Assert.Equal(64L * 1024 * 1024, _room.Bytes);
    }

    [Fact]
    public void There_are_no_more_of_them_than_a_number()
    {
        var most = 1;
        while (_room.TryBegin())
        {
            most++;
        }

        Assert.Equal(1024, most);
        _room.End();
        Assert.True(_room.TryBegin());
    }

    private async Task WriteAsync(int parts)
    {
        for (var i = 0; i < parts; i++)
        {
            await _recording.AppendAsync(new byte[Part], Token);
        }
    }

    private async Task<long> ReadAsync(StreamFollower follower, int parts)
    {
        var read = 0L;
        for (var i = 0; i < parts; i++)
        {
            read += (await _recording.NextAsync(follower, Token)).Events.Length;
        }

        return read;
    }

    private async Task<long> ReadAllAsync(StreamFollower follower)
    {
        using var leaving = CancellationTokenSource.CreateLinkedTokenSource(Token, follower.CutOff);
        var read = 0L;
        try
        {
            while (await _recording.NextAsync(follower, leaving.Token) is { End: null } news)
            {
                read += news.Events.Length;
            }
        }
        catch (OperationCanceledException) when (follower.CutOff.IsCancellationRequested)
        {
            // As a caller's connection would end.
        }

        return read;
    }
}
