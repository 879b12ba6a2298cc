using MasterX.Api.Http;

namespace MasterX.Api.OpenAi;

/// <summary>Counts the events of a forwarded stream, each of which brings a token, more or less: for the case that nobody else can say what the stream has cost.</summary>
internal sealed class HeardEvents : ObservedStream
{
    private HeardEvents(Stream inner)
        : base(inner)
    {
    }

    /// <summary>Events so far.</summary>
    public int Count { get; private set; }

    public static HeardEvents Of(HttpContext context) => Observe(context, inner => new HeardEvents(inner));

    protected override void Observe(ReadOnlySpan<byte> bytes) => Count += bytes.Count("data:"u8);
}
