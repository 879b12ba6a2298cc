using System.Buffers;
using MasterX.AiGateway.Calls;
using MasterX.AiGateway.Providers;
using MasterX.AiGateway.Requests;
using MasterX.AiGateway.Routing;

namespace MasterX.AiGateway.Streaming;

/// <summary>
/// The one caller a stream is made for. What it does not read, the provider has to keep. While nothing can be passed on to it, it hears a
/// comment every so often, so that whatever stands between does not take the connection for dead; the first one sends the headers, and who
/// answers is said at the end then, as it is where a second provider goes on.
/// </summary>
internal sealed class CallerAudience : StreamAudience, IAsyncDisposable
{
    private static readonly byte[] Comment = ": keep-alive\n\n"u8.ToArray();

    private readonly HttpContext _context;
    private readonly Operation _operation;
    private readonly TimeProvider _time;
    private readonly TimeSpan _period;

    /// <summary>The caller's connection is written to by one at a time: by the stream, or by the timer.</summary>
    private readonly SemaphoreSlim _writing = new(1, 1);
    private readonly ITimer? _timer;

    private long _written;
    private bool _hasBegun, _hasEnded;

    /// <summary>Whom it took, and how many of them the headers tell of: those before the first comment none, and those behind a break not all.</summary>
    private IReadOnlyList<Attempt> _attempts = [];
    private int _told;

    /// <summary>Fields that were left out of the request, where the headers could not say so.</summary>
    private IReadOnlyList<string>? _ignored;

    /// <param name="context">The caller's.</param>
    /// <param name="operation">What was asked for.</param>
    /// <param name="time">For the comments.</param>
    /// <param name="period">Of silence, after which one is written; zero for none.</param>
    public CallerAudience(HttpContext context, Operation operation, TimeProvider time, TimeSpan period)
    {
        (_context, _operation, _time, _period) = (context, operation, time, period);
        _written = time.GetTimestamp();
        _timer = period > TimeSpan.Zero ? time.CreateTimer(static audience => _ = ((CallerAudience)audience!).KeepAliveAsync(), this, period, period) : null;
    }

    public override CancellationToken Gone => _context.RequestAborted;

    public override void Begin(Candidate candidate, IReadOnlyList<Attempt> attempts, ProviderHeaders headers)
    {
        _writing.Wait();
        try
        {
            _attempts = attempts;
            if (_hasBegun)
            {
                _ignored = headers.Ignored;
                return;
            }

            (_hasBegun, _told) = (true, attempts.Count);
            WriteHeaders(_context.Response, candidate.Provider.Name, candidate.Model, attempts, cached: false);
            Accounting.PassHeaders(_context.Response, headers);
        }
        finally
        {
            _writing.Release();
        }
    }

    public override void GoOn(Candidate candidate, ProviderHeaders headers) => _ignored = Accounting.Union(_ignored, headers.Ignored);

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> events, CancellationToken cancellationToken)
    {
        await _writing.WaitAsync(cancellationToken);
        try
        {
            _written = _time.GetTimestamp();
            await _context.Response.BodyWriter.WriteAsync(events, cancellationToken);
        }
        finally
        {
            _writing.Release();
        }
    }

    public override async ValueTask EndAsync(Bill bill, StreamFrames frames, PooledBuffer last, CancellationToken cancellationToken)
    {
        await StopAsync(cancellationToken);
        Accounting.EndStream(_context.Response, bill, _attempts.Count > _told ? _attempts : [], _ignored);
        frames.WriteEnd(last);

        // Sent together with the end of the response.
        _context.Response.BodyWriter.Write(last.Span);
    }

    public override async Task BreakOffAsync(string message, string code)
    {
        await StopAsync(Gone);
        await WriteErrorAsync(_context.Response, _operation, message, code, Gone);
    }

    public override async Task RefuseAsync()
    {
        await StopAsync(Gone);
        await (_hasBegun ? WriteErrorAsync(_context.Response, _operation, "The gateway is shutting down.", "shutting_down", Gone) : Draining.RefuseAsync(_context));
    }

    public async ValueTask DisposeAsync()
    {
        // Whoever writes the rest of the response must not meet a comment that is under way.
        await StopAsync(CancellationToken.None);
        if (_timer is not null)
        {
            await _timer.DisposeAsync();
        }
    }

    /// <summary>The headers of a streamed answer, which are sent with the first events and not before.</summary>
    public static void WriteHeaders(HttpResponse response, string provider, string model, IReadOnlyList<Attempt> attempts, bool cached)
    {
        Accounting.WriteAttempts(response, attempts);
        Accounting.WriteCandidate(response, provider, model, cached);
        BeginStream(response);
    }

    /// <summary>Writes an error event as the API sends one that the caller speaks.</summary>
    public static async Task WriteErrorAsync(
        HttpResponse response, Operation operation, string message, string code, CancellationToken cancellationToken)
    {
        using var buffer = new PooledBuffer(256);
        buffer.Write(operation == Operation.Chat ? "data: "u8 : "event: error\ndata: "u8);
        if (operation.IsAnthropic)
        {
            AnthropicError.WriteEvent(buffer, message, code);
        }
        else
        {
            OpenAiError.WriteEvent(buffer, operation, message, code);
        }

        buffer.Write("\n\n"u8);
        await response.BodyWriter.WriteAsync(buffer.Memory, cancellationToken);
    }

    /// <summary>A sign of life where there is nothing to be passed on; the first one sends the headers.</summary>
    public static async ValueTask WriteCommentAsync(HttpResponse response, CancellationToken cancellationToken)
    {
        if (!response.HasStarted)
        {
            BeginStream(response);
        }

        await response.BodyWriter.WriteAsync(Comment, cancellationToken);
    }

    private static void BeginStream(HttpResponse response)
    {
        response.ContentType = "text/event-stream";
        response.Headers.CacheControl = "no-cache";
        Accounting.DeclareTrailers(response);
    }

    private async Task KeepAliveAsync()
    {
        if (_time.GetElapsedTime(_written) < _period || !_writing.Wait(TimeSpan.Zero))
        {
            return;
        }

        try
        {
            if (_hasEnded || Gone.IsCancellationRequested)
            {
                return;
            }

            (_hasBegun, _written) = (true, _time.GetTimestamp());
            await WriteCommentAsync(_context.Response, Gone);
        }
        catch (Exception left) when (left is OperationCanceledException or IOException)
        {
            // Whoever waits for the stream is told by the request's own end.
        }
        finally
        {
            _writing.Release();
        }
    }

    /// <summary>From here on no comment is written.</summary>
    private async ValueTask StopAsync(CancellationToken cancellationToken)
    {
        await _writing.WaitAsync(cancellationToken);
        _hasEnded = true;
        _writing.Release();
    }
}
