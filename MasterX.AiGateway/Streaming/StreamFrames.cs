using MasterX.AiGateway.Chat;
using MasterX.AiGateway.Telemetry;

namespace MasterX.AiGateway.Streaming;

/// <summary>What an event of a provider's stream is.</summary>
internal enum FrameKind
{
    /// <summary>Says nothing yet: a role, a keep-alive, an empty delta. Held back until there is content.</summary>
    Lifecycle,

    /// <summary>Part of the answer, or its end.</summary>
    Content,

    /// <summary>The stream's own end mark.</summary>
    Done,

    /// <summary>The provider reports that it failed.</summary>
    Error,

    /// <summary>Cannot be parsed. One such event is dropped; the stream may still be good.</summary>
    Unparseable,
}

/// <summary>Reads a provider's events one by one and writes them as OpenAI's chat completion chunks.</summary>
internal abstract class StreamFrames
{
    /// <summary>Whether a finish reason was seen: the answer is whole.</summary>
    public bool Finished { get; protected set; }

    /// <summary>Tokens, as far as the provider has counted them.</summary>
    public TokenUsage? Usage { get; protected set; }

    /// <summary>Characters of text seen, for an estimate where the provider does not count.</summary>
    public int Characters { get; protected set; }

    /// <summary>Collects the text when it may be needed to go on elsewhere.</summary>
    public PartialAnswer? Partial { get; init; }

    /// <summary>Whether role frames are left out, because the caller's stream has begun with another provider.</summary>
    public bool Continuing { get; init; }

    /// <param name="data">The data of an event.</param>
    /// <param name="output">Receives what the caller is to see of it, as whole events.</param>
    public abstract FrameKind Read(ReadOnlySpan<byte> data, PooledBuffer output);

    /// <summary>Writes what the caller still has to see when the provider's stream has ended well, before the end mark.</summary>
    public virtual void Complete(PooledBuffer output)
    {
    }
}

/// <summary>The text of an answer so far, and whether another provider could go on with it.</summary>
internal sealed class PartialAnswer
{
    private readonly System.Text.StringBuilder _text = new();

    /// <summary>Text alone can be gone on with: not calls of tools, not several choices.</summary>
    public bool CanResume { get; private set; } = true;

    public string Text => _text.ToString();

    public void Append(string text) => _text.Append(text);

    public void Forbid() => CanResume = false;
}
