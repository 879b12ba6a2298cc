using MasterX.Api.Calls;
using MasterX.Api.Storage;
using MasterX.Api.Storage.Embedded;
using MasterX.Tests.Hosts;

namespace MasterX.Tests.Storage;

/// <summary>Calls under way beside the embedded database: whoever comes after a process that died finds them, and nobody else does.</summary>
public sealed class OpenCallsTests : IDisposable
{
    private readonly DataFolder _folder = new();
    private readonly OpenCalls _open;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public OpenCallsTests() => _open = new(_folder.Path);

    [Fact]
    public void Those_of_a_process_that_lives_are_nobody_elses()
    {
        using var other = new OpenCalls(_folder.Path);
        var call = Call();

        Assert.True(_open.TryAdd(call));

        Assert.Empty(other.List());
        Assert.Equal([call.Id], _open.List().Select(open => open.Id));
    }

    [Fact]
    public void Those_of_one_that_has_died_are_taken_by_one_other_as_they_were()
    {
        var (call, booked) = (Call() with { Tags = new Dictionary<string, string> { ["team"] = "größe 😀" }, IsDrawn = true, Reserved = [new("key_1/2026-11", 0, 5, true)] }, Call());
        _open.TryAdd(call);
        _open.TryAdd(booked);
        _open.Remove(booked.Id);
        _open.Dispose();
        using var heir = new OpenCalls(_folder.Path);
        using var late = new OpenCalls(_folder.Path);

        Assert.Equivalent(call, Assert.Single(heir.List()), strict: true);
        Assert.Empty(late.List());
        Assert.Single(heir.List());
        Assert.Single(Directory.GetFiles(_folder.Path));
    }

    [Fact]
    public void A_file_whose_calls_are_all_booked_is_gone()
    {
        var call = Call();
        _open.TryAdd(call);
        _open.Dispose();
        using var heir = new OpenCalls(_folder.Path);
        heir.List();

        heir.Remove(call.Id);

        Assert.Empty(Directory.GetFiles(_folder.Path));
        Assert.Empty(heir.List());
    }

    /// <summary>What a call has said is not to be found in the file when it is booked.</summary>
    [Fact]
    public void A_call_that_is_booked_is_overwritten()
    {
        var call = Call() with { Model = "a-model-of-somebody" };
        _open.TryAdd(call);
        _open.TryAdd(Call());
        _open.Remove(call.Id);
        _open.Dispose();

        Assert.DoesNotContain(call.Model, File.ReadAllText(Directory.GetFiles(_folder.Path).Single()), StringComparison.Ordinal);
    }

    [Fact]
    public void What_does_not_fit_goes_to_the_database()
    {
        Assert.False(_open.TryAdd(Call() with { Model = new string('m', 2000) }));
        var added = Enumerable.Range(0, 3000).Select(_ => Call()).ToLookup(_open.TryAdd);

        Assert.Equal(2048, added[true].Count());
        _open.Remove(added[true].First().Id);
        Assert.True(_open.TryAdd(added[false].First()));
    }

    /// <summary>Or two calls would share one, and the second would be lost with its process.</summary>
    [Fact]
    public async Task A_slot_is_given_back_once_however_many_book_its_call()
    {
        var calls = Enumerable.Range(0, 2000).Select(_ => Call()).ToArray();
        Assert.All(calls, call => Assert.True(_open.TryAdd(call)));
        var arrived = new int[calls.Length];
        await Task.WhenAll(Enumerable.Range(0, 2).Select(_ => Task.Factory.StartNew(
            () =>
            {
                for (var i = 0; i < calls.Length; i++)
                {
                    // As close together as two threads can be.
                    Interlocked.Increment(ref arrived[i]);
                    while (Volatile.Read(ref arrived[i]) < 2 && !Token.IsCancellationRequested)
                    {
                        Thread.SpinWait(1);
                    }

                    _open.Remove(calls[i].Id);
                }
            },
            Token, TaskCreationOptions.LongRunning, TaskScheduler.Default)));

        var next = Enumerable.Range(0, 2048).Select(_ => Call()).ToArray();
        Assert.All(next, call => Assert.True(_open.TryAdd(call)));
        Assert.False(_open.TryAdd(Call()));
        _open.Dispose();
        using var heir = new OpenCalls(_folder.Path);
        Assert.Equal(next.Select(call => call.Id).Order(StringComparer.Ordinal), heir.List().Select(call => call.Id).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void What_the_machine_has_left_half_written_is_no_call()
    {
        var call = Call();
        _open.TryAdd(call);
        _open.TryAdd(Call());
        _open.Dispose();
        using (var file = File.OpenWrite(Directory.GetFiles(_folder.Path).Single()))
        {
            file.Position = 1024 + 20;
            file.Write(new byte[50]);
        }

        using var heir = new OpenCalls(_folder.Path);
        Assert.Equal([call.Id], heir.List().Select(open => open.Id));
    }

    [Fact]
    public void A_folder_that_cannot_be_written_leaves_it_to_the_database()
    {
        using var nowhere = new OpenCalls(Path.Combine(_folder.Path, "missing"));

        Assert.False(nowhere.TryAdd(Call()));
    }

    public void Dispose()
    {
        _open.Dispose();
        _folder.Dispose();
    }

    private static Call Call() => new() { Id = Identifier.New("call"), KeyId = "key_1", At = DateTimeOffset.UnixEpoch, Instance = "api_1", Model = "m", Expected = new(1, 2, 0.5m) };
}
