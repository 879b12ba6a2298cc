using System.Text;
using MasterX.Api.Ai;
using MasterX.Api.Http;

namespace MasterX.Api.OpenAi;

/// <summary>
/// Finds what a forwarded stream cost. The gateway says it in trailers, or over HTTP/1.1 in a comment before the end mark (<c>: x-masterx-tokens-in=12; …</c>); of a stream that is not heard
/// to its end it is reckoned from the events that were.
/// </summary>
internal sealed class StreamUsage : ObservedStream
{
    /// <summary>Longer than the comment and the end mark together.</summary>
    private const int TailBytes = 1024;

    private readonly byte[] _tail = new byte[TailBytes];
    private int _tailLength;

    private StreamUsage(Stream inner)
        : base(inner)
    {
    }

    /// <summary>Events seen: each brings a token, more or less.</summary>
    public int Events { get; private set; }

    public static StreamUsage Of(HttpContext context) => Observe(context, inner => new StreamUsage(inner));

    /// <summary>What the comment says, if the stream came so far.</summary>
    public AccountedUsage? ReadComment()
    {
        var tail = Encoding.UTF8.GetString(_tail, 0, _tailLength);
        var start = tail.LastIndexOf(AccountedUsage.CommentStart, StringComparison.Ordinal);
        return start < 0 ? null : AccountedUsage.OfComment(tail[start..].Split('\n')[0]);
    }

    protected override void Observe(ReadOnlySpan<byte> bytes)
    {
        Events += bytes.Count("data:"u8);
        if (bytes.Length >= TailBytes)
        {
            bytes[^TailBytes..].CopyTo(_tail);
            _tailLength = TailBytes;
            return;
        }

        var keep = Math.Min(_tailLength, TailBytes - bytes.Length);
        _tail.AsSpan(_tailLength - keep, keep).CopyTo(_tail);
        bytes.CopyTo(_tail.AsSpan(keep));
        _tailLength = keep + bytes.Length;
    }
}
