using System.Buffers;
using MasterX.AiGateway.Providers.Classification;
using MasterX.AiGateway.Requests;
using MasterX.AiGateway.Routing;
using MasterX.AiGateway.Telemetry;
using MasterX.AiGateway.Translation.Answers;

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

    /// <summary>Whether some of the answer is missing: the provider held it back, or a limit of tokens cut it short.</summary>
    public bool Incomplete { get; protected set; }

    /// <summary>Whether anything was said at all.</summary>
    public bool Said { get; protected set; }

    /// <summary>Finish reasons of an answer of which some is missing.</summary>
    protected static bool IsIncomplete(string? finishReason) => finishReason is "content_filter" or "length";

    /// <summary>Tokens, as far as the provider has counted them, with what other events told of the model and the tier.</summary>
    public TokenUsage? Usage
    {
        get => field is { } counted ? counted with { Tier = counted.Tier == ServiceTier.Standard ? Tier : counted.Tier, Model = counted.Model ?? Answered } : null;
        protected set;
    }

    /// <summary>Who answers, where the model that the answer names is wanted.</summary>
    public Candidate? Candidate { protected get; init; }

    /// <summary>The model that the answer names.</summary>
    protected string? Answered { get; set; }

    /// <summary>How the answer is served, where this stands beside the tokens.</summary>
    protected ServiceTier Tier { get; set; }

    /// <summary>Characters of text seen, for an estimate where the provider does not count.</summary>
    public int Characters { get; protected set; }

    /// <summary>Collects the text when it may be needed to go on elsewhere.</summary>
    public PartialAnswer? Partial { get; init; }

    /// <summary>Looks on, where the call is traced.</summary>
    public GenAiSpan? Span { protected get; set; }

    /// <summary>Who can go on writing the caller's stream when this one has broken off; <see langword="null"/> for nobody.</summary>
    public abstract AnswerStreamWriter? WriterSoFar { get; }

    /// <summary>Whether anyone wants the text itself; the events are passed on without it.</summary>
    protected bool KeepsText => Partial is not null || Span is { CapturesStream: true };

    /// <param name="data">The data of an event.</param>
    /// <param name="output">Receives what the caller is to see of it, as whole events.</param>
    public abstract FrameKind Read(ReadOnlySpan<byte> data, PooledBuffer output);

    /// <summary>What a failure comes to that is not the provider's; <see langword="null"/> where its words are to be judged.</summary>
    public Verdict? Verdict { get; protected set; }

    /// <summary>Writes what the caller still has to see when the provider's stream has ended well, before the end mark.</summary>
    /// <returns>Whether all of it could be said; the stream has broken off otherwise.</returns>
    public virtual bool TryComplete(PooledBuffer output) => true;

    /// <summary>Writes the stream's end mark.</summary>
    public virtual void WriteEnd(PooledBuffer output) => output.Write("data: [DONE]\n\n"u8);
}
