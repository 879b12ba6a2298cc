using MasterX.Api.Http;

namespace MasterX.Api.Idempotency;

/// <summary>Keeps a copy of an answer, up to a limit.</summary>
internal sealed class AnswerRecording : ObservedStream
{
    /// <summary>A longer answer is not kept, 8 MiB: a document of MongoDB holds no more than 16.</summary>
    private const int Longest = 8 * 1024 * 1024;

    private readonly MemoryStream _copy = new();

    private AnswerRecording(Stream inner)
        : base(inner)
    {
    }

    /// <summary>Whether all of it was kept.</summary>
    public bool IsWhole { get; private set; } = true;

    public static AnswerRecording Of(HttpContext context) => Observe(context, inner => new AnswerRecording(inner));

    public byte[] ToArray() => _copy.ToArray();

    /// <summary>Whoever has left is written to no more; the copy goes on.</summary>
    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        try
        {
            await base.WriteAsync(buffer, cancellationToken);
        }
        catch (Exception left) when (left is IOException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
        {
            // Copied before it was written.
        }
    }

    protected override void Observe(ReadOnlySpan<byte> bytes)
    {
        if (IsWhole && _copy.Length + bytes.Length <= Longest)
        {
            _copy.Write(bytes);
        }
        else
        {
            IsWhole = false;
        }
    }
}
