using System.Buffers;
using System.Text;
using MasterX.AiGateway.Providers;
using MasterX.AiGateway.Requests;
using MasterX.Tests.Hosts;

namespace MasterX.Tests.Gateway;

/// <summary>Bytes of a buffer are there for as long as anybody uses them, and for nobody afterwards.</summary>
public sealed class PooledBufferTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public void Memory_that_was_lent_and_is_used_afterwards_throws()
    {
        var buffer = PoisoningPool.Buffer("mine");
        var lent = buffer.Memory;
        Assert.Equal("mine", Encoding.UTF8.GetString(lent.Span));

        buffer.Dispose();

        Assert.Throws<ReleasedBufferException>(() => lent.Span.Length);
        Assert.Throws<ReleasedBufferException>(() => buffer.Span.Length);
        Assert.Throws<ReleasedBufferException>(() => buffer.GetSpan(1).Length);
        Assert.Throws<ReleasedBufferException>(buffer.Hold);
    }

    [Fact]
    public void Whoever_holds_it_keeps_it_when_the_owner_is_done_however_often()
    {
        var buffer = PoisoningPool.Buffer("mine");
        var held = buffer.Hold();

        buffer.Dispose();
        buffer.Dispose();

        Assert.Equal("mine", Encoding.UTF8.GetString(held.Span));
        held.LetGo();
        Assert.Throws<ReleasedBufferException>(() => held.Span.Length);
        Assert.Throws<InvalidOperationException>(held.LetGo);
    }

    [Fact]
    public void It_does_not_grow_under_the_eyes_of_those_who_hold_it()
    {
        using var buffer = PoisoningPool.Buffer("mine");
        buffer.Hold();

        Assert.Throws<InvalidOperationException>(() => buffer.Write(new byte[1_000_000]));

        buffer.LetGo();
        buffer.Write(new byte[1_000_000]);
    }

    [Fact]
    public async Task What_is_being_sent_is_there_until_it_is_sent()
    {
        var buffer = PoisoningPool.Buffer("mine");
        using var body = new SentBody(buffer);
        await using var network = new SlowStream();
        var sending = body.CopyToAsync(network, Token);

        buffer.Dispose();
        network.Go.SetResult();
        await sending;

        Assert.Equal("mine", network.Sent);
        await Assert.ThrowsAsync<ReleasedBufferException>(() => body.CopyToAsync(new MemoryStream(), Token));
    }

    private sealed class SlowStream : MemoryStream
    {
        public TaskCompletionSource Go { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public string? Sent { get; private set; }

        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            await Go.Task.WaitAsync(cancellationToken);
            Sent = Encoding.UTF8.GetString(buffer.Span);
        }
    }
}
