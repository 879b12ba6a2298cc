using System.Collections.Concurrent;
using System.Text;
using MasterX.AiGateway.Providers;
using MasterX.AiGateway.Requests;
using MasterX.AiGateway.Streaming;
using MasterX.ServiceDefaults.Http;
using MasterX.Tests.Hosts;
using Microsoft.Extensions.DependencyInjection;

namespace MasterX.Tests.Gateway;

/// <summary>On the thread that serves many sockets only what is small is worked on; what is large leaves it first.</summary>
public sealed class SocketThreadTests
{
    private static readonly AttemptClock Clock = new(TimeProvider.System, TimeProvider.System.GetTimestamp(), TimeSpan.FromMinutes(5));

    [Theory]
    [InlineData(0, true)]
    [InlineData(SocketThread.MostBytes, true)]
    [InlineData(SocketThread.MostBytes + 1, false)]
    public async Task Work_stays_where_it_is_as_long_as_it_is_small(int bytes, bool stays) =>
        Assert.Equal(stays, await OnSocketThreadAsync(async () =>
    {
        var socket = Environment.CurrentManagedThreadId;
        await SocketThread.LeaveFor(bytes);
        Assert.Equal(stays, !Thread.CurrentThread.IsThreadPoolThread);
        return socket == Environment.CurrentManagedThreadId;
    }));

    [Theory]
    [InlineData(2_000, true)]
    [InlineData(2_000_000, false)]
    public async Task A_whole_answer_is_read_there_and_worked_on_there_only_if_it_is_small(int length, bool stays) =>
        Assert.Equal(stays, await OnSocketThreadAsync(async () =>
    {
        using var limit = new CancellationTokenSource();
        return await AnswerBody.ReadAsync(
            new SocketStream(new byte[length]), length, 16_000_000, limit, TimeSpan.FromMinutes(1), Clock, length,
            static (read, expected) =>
            {
                using var body = read!;
                Assert.Equal(expected, body.Length);
                return !Thread.CurrentThread.IsThreadPoolThread;
            });
    }));

    [Theory]
    [InlineData(1_000, 1, true)]
    [InlineData(1_000_000, 1, false)]
    [InlineData(1_000, 1_000, false)]
    public async Task Events_are_read_there_as_long_as_they_are_small_and_few_at_a_time(int length, int count, bool stays)
    {
        var events = string.Concat(Enumerable.Repeat($"data: {new string('x', length)}\n\n", count));
        var frames = new ThreadFrames();
        Assert.True(ModelRequest.TryParse(Operation.Chat, PoisoningPool.Buffer("""{"messages":[{}],"stream":true}"""), out var request, out _, out _));
        using var asked = request;
        await using var gateway = new GatewayHost();
        await OnSocketThreadAsync(async () =>
        {
            using var response = new HttpResponseMessage();
            using var provider = new Provider("p", new ProviderOptions { BaseUrl = "http://127.0.0.1:1/v1" }, TimeProvider.System);
            using var stream = new ProviderStream(
                response, new SocketStream(Encoding.ASCII.GetBytes(events)), provider.CandidateOf("m"), request!, default, frames, null,
                gateway.Services.GetRequiredService<Accounting>(), Clock,
                16_000_000, default);
            while (stream.State == StreamState.Open)
            {
                await stream.ReadAsync(TimeSpan.FromMinutes(1));
            }

            return true;
        });

        Assert.Equal(count, frames.OnSocketThread.Count);
        Assert.True(frames.LargestTurn <= Math.Max(4 * SocketThread.MostBytes, 2 * 8192));
        Assert.Equal(stays, frames.OnSocketThread.All(there => there));
    }

    /// <summary>A long line is cut at every place; what comes out is the same.</summary>
    [Theory]
    [InlineData("data: one\n\ndata: two\n\n", "one|two")]
    [InlineData("data: one\r\n\r\n: comment\r\ndata: two\r\n\r\n", "one|two")]
    [InlineData("data: one\rdata: more\r\rdata: two\r\r", "one more|two")]
    [InlineData("event: error\ndata: a\ndata: b\ndata: c\n\ndata: d\n\n", "!a b c|d")]
    [InlineData("\n\nevent: error\n\ndata: d\n\n", "d")]
    public async Task Events_are_the_same_however_they_are_cut(string text, string expected)
    {
        for (var size = 1; size <= text.Length; size++)
        {
            using var reader = new SseReader(new SocketStream(Encoding.ASCII.GetBytes(text + "x"), size), 1_000_000);
            List<string> events = [];
            while (await reader.ReadAsync(TestContext.Current.CancellationToken))
            {
                while (reader.TryNext(out var data))
                {
                    events.Add((reader.IsError ? "!" : "") + Encoding.ASCII.GetString(data));
                }
            }

            Assert.Equal(expected, string.Join('|', events));
        }
    }

    /// <summary>Runs on a thread that is not the pool's, as a socket's is not.</summary>
    private static async Task<T> OnSocketThreadAsync<T>(Func<Task<T>> work)
    {
        var result = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        new Thread(() => _ = RunAsync()) { IsBackground = true }.Start();
        return await result.Task;

        async Task RunAsync()
        {
            try
            {
                result.SetResult(await work());
            }
            catch (Exception error)
            {
                result.SetException(error);
            }
        }
    }

    /// <summary>Always has more at once, as a socket of a fast provider has.</summary>
    private sealed class SocketStream(byte[] bytes, int most = 64 * 1024) : MemoryStream(bytes)
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            ValueTask.FromResult(Read(buffer.Span[..Math.Min(most, buffer.Length)]));
    }

    /// <summary>Notes on which thread each event is read, and how many bytes in one go there.</summary>
    private sealed class ThreadFrames : StreamFrames
    {
        private int _turn;

        public ConcurrentQueue<bool> OnSocketThread { get; } = [];

        public int LargestTurn { get; private set; }

        public override MasterX.AiGateway.Translation.Answers.AnswerStreamWriter? WriterSoFar => null;

        public override FrameKind Read(ReadOnlySpan<byte> data, PooledBuffer output)
        {
            var there = !Thread.CurrentThread.IsThreadPoolThread;
            _turn = there ? _turn + data.Length : 0;
            LargestTurn = Math.Max(LargestTurn, _turn);
            OnSocketThread.Enqueue(there);
            Finished = true;
            return FrameKind.Content;
        }
    }
}
