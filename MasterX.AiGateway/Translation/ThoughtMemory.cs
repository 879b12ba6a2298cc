using MasterX.AiGateway.Requests;
using MasterX.AiGateway.Translation.Vocabulary;
using Microsoft.Extensions.Caching.Memory;
using Turn = MasterX.AiGateway.Translation.Vocabulary.Turn;

namespace MasterX.AiGateway.Translation;

/// <summary>
/// What providers want back with a call, for clients that keep a call's name and arguments and nothing else: Gemini's thought signatures,
/// without which its third generation refuses the next request, and Anthropic's thoughts. Found by consumer, conversation and call, so that
/// nobody is told what another one's model thought: some providers name the calls of every conversation alike. In memory, bounded, and forgotten after an hour; a replica knows what it has answered itself.
/// </summary>
internal sealed class ThoughtMemory(TimeProvider time) : IDisposable
{
    private const int MostBytes = 16 * 1024 * 1024;
    private const int LargestBytes = 256 * 1024;
    private const int EntryBytes = 256;

    private static readonly TimeSpan Lifetime = TimeSpan.FromHours(1);

    private readonly MemoryCache _kept = new(new MemoryCacheOptions { SizeLimit = MostBytes, Clock = new Clock(time) });

    /// <param name="conversation">In which the call is; see <see cref="ModelRequest.Conversation"/>.</param>
    /// <param name="callId">As the caller knows it.</param>
    /// <param name="thoughts">Those before the call, with their signatures.</param>
    /// <param name="signature">The call's own.</param>
    public void Keep((string Consumer, ulong Number) conversation, string callId, IReadOnlyList<Part> thoughts, Signature? signature)
    {
        var bytes = EntryBytes + 2 * (callId.Length + (signature?.Value.Length ?? 0) + thoughts.Sum(thought => ((thought as ThinkingPart)?.Text.Length ?? 0) + (thought.Signature?.Value.Length ?? 0)));
        if (bytes <= LargestBytes && (signature is not null || thoughts.Count > 0))
        {
            _kept.Set((conversation, callId), new Kept(thoughts, signature), new MemoryCacheEntryOptions { Size = bytes, SlidingExpiration = Lifetime });
        }
    }

    /// <summary>Puts back what a family of providers wants back, where the caller has not sent it.</summary>
    /// <param name="request">Who asks, in which conversation.</param>
    /// <param name="turns">As the caller sent them.</param>
    /// <param name="family">See <see cref="Signature.Family"/>; <see langword="null"/> for a provider that has models of several.</param>
    public IReadOnlyList<Turn> Recall(ModelRequest request, IReadOnlyList<Turn> turns, string? family)
    {
        if (_kept.Count == 0 || !turns.Any(turn => turn.Parts.Any(part => part is ToolCallPart)))
        {
            return turns;
        }

        List<Turn>? recalled = null;
        var conversation = (request.Consumer, request.Conversation);
        for (var at = 0; at < turns.Count; at++)
        {
            if (turns[at].Speaker == Speaker.Assistant && Recall(conversation, turns[at], family) is { } parts)
            {
                recalled ??= [.. turns];
                recalled[at] = turns[at] with { Parts = parts };
            }
        }

        return recalled ?? turns;
    }

    public void Dispose() => _kept.Dispose();

    private List<Part>? Recall((string Consumer, ulong Number) conversation, Turn turn, string? family)
    {
        bool IsOf(Signature? signature) => signature is not null && (family is null || signature.Family == family);
        List<Part>? parts = null;
        var isFirst = true;
        foreach (var call in turn.Parts.OfType<ToolCallPart>())
        {
            if (_kept.Get<Kept>((conversation, call.Id)) is not { } kept)
            {
                continue;
            }

            if (call.Signature is null && kept.Signature is not null && IsOf(kept.Signature))
            {
                parts ??= [.. turn.Parts];
                parts[parts.IndexOf(call)] = call with { Signature = kept.Signature };
            }

            if (kept.Thoughts.Any(thought => IsOf(thought.Signature)) && !turn.Parts.Any(part => part is ThinkingPart or HiddenThinkingPart && IsOf(part.Signature)))
            {
                parts ??= [.. turn.Parts];
                parts.InsertRange(isFirst ? 0 : parts.FindIndex(part => part is ToolCallPart other && other.Id == call.Id), kept.Thoughts.Where(thought => IsOf(thought.Signature)));
            }

            isFirst = false;
        }

        return parts;
    }

    private sealed record Kept(IReadOnlyList<Part> Thoughts, Signature? Signature);

    private sealed class Clock(TimeProvider time) : Microsoft.Extensions.Internal.ISystemClock
    {
        public DateTimeOffset UtcNow => time.GetUtcNow();
    }
}
