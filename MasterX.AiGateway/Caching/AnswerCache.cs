using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json;
using MasterX.AiGateway.Requests;
using MasterX.AiGateway.Routing;
using MasterX.AiGateway.Telemetry;
using Microsoft.Extensions.Caching.Hybrid;
using static MasterX.AiGateway.Providers.ChatFields;

namespace MasterX.AiGateway.Caching;

/// <summary>
/// Kept answers: the same request (<see cref="CacheKey"/>) is answered again without a provider, and requests that are alike and under way at once share one call.
/// Streamed and whole answers are kept apart, each as what it was. Failures are never kept, nor are answers that were filtered, cut short
/// or empty: the next call may bring more.
/// </summary>
internal sealed class AnswerCache(HybridCache cache)
{
    private readonly ConcurrentDictionary<string, StreamRecording> _underWay = new(StringComparer.Ordinal);

    /// <summary>What is not to be kept leaves the cache by an exception, which is what keeps <see cref="HybridCache"/> from storing it: no answer, or a packed one.</summary>
    private sealed class NotKeptException(ModelResult? failure, byte[]? answer) : Exception
    {
        public ModelResult? Failure { get; } = failure;

        public byte[]? Answer { get; } = answer;
    }

    /// <summary>For a whole answer.</summary>
    /// <param name="key">Of the request.</param>
    /// <param name="lifetime">How long a new answer is kept.</param>
    /// <param name="call">Asks the providers.</param>
    /// <param name="cancellationToken">Ends this caller's wait; the call goes on while another waits for it.</param>
    public async Task<ModelResult> GetOrCallAsync(string key, TimeSpan lifetime, Func<CancellationToken, Task<ModelResult>> call, CancellationToken cancellationToken)
    {
        (IReadOnlyList<Attempt> Attempts, Candidate? Candidate)? own = null;
        var request = Activity.Current;
        try
        {
            var kept = await cache.GetOrCreateAsync(
                $"whole:{key}",
                async token =>
                {
                    // The cache runs this in a context of its own, outside of every request's; its calls belong to the trace of the first
                    // who asked.
                    Activity.Current = request;
                    var result = await call(token);
                    own = (result.Attempts, result.Answer?.Candidate);
                    if (result.Answer is null)
                    {
                        throw new NotKeptException(result, null);
                    }

                    var incomplete = IsIncomplete(result.Answer.Body.Memory);
                    var answer = Pack(result);
                    return incomplete ? throw new NotKeptException(null, answer) : answer;
                },
                Entry(lifetime),
                cancellationToken: cancellationToken);
            return Unpack(kept, own);
        }
        catch (NotKeptException notKept)
        {
            return notKept.Failure ?? Unpack(notKept.Answer!, own);
        }
    }

    /// <summary>A stream that was kept; <see langword="null"/> when there is none.</summary>
    public async ValueTask<KeptStream?> FindStreamAsync(string key, CancellationToken cancellationToken)
    {
        var kept = await cache.GetOrCreateAsync(
            StreamKey(key), static _ => ValueTask.FromResult<byte[]>(null!), new HybridCacheEntryOptions { Flags = HybridCacheEntryFlags.DisableUnderlyingData }, cancellationToken: cancellationToken);
        return kept is null ? null : KeptStream.Read(kept);
    }

    /// <summary>The recording of a like request under way; or a new one, which the caller then has to make.</summary>
    public StreamRecording Join(string key, out bool isNew)
    {
        while (true)
        {
            var fresh = new StreamRecording();
            var recording = _underWay.GetOrAdd(key, fresh);
            isNew = ReferenceEquals(recording, fresh);
            if (recording.TryJoin())
            {
                return recording;
            }

            // Everyone has left it, and its call was ended: it leads nowhere.
            _underWay.TryRemove(KeyValuePair.Create(key, recording));
        }
    }

    /// <summary>Keeps a recording that has come to a good end, and makes room for the next.</summary>
    public async Task CloseAsync(string key, StreamRecording recording, TimeSpan lifetime)
    {
        if (recording.Kept is { } kept)
        {
            // Kept first: whoever comes in between finds one or the other.
            await cache.SetAsync(StreamKey(key), kept.Write(), Entry(lifetime));
        }

        _underWay.TryRemove(KeyValuePair.Create(key, recording));
    }

    private static string StreamKey(string key) => $"stream:{key}";

    private static HybridCacheEntryOptions Entry(TimeSpan lifetime) => new() { Expiration = lifetime, LocalCacheExpiration = lifetime };

    /// <summary>
    /// Whether some of an answer is missing, or all of it: held back, cut short by a limit of tokens, or empty. Another call may bring
    /// more. Asked of answers that would be kept, and of no others.
    /// </summary>
    private static bool IsIncomplete(ReadOnlyMemory<byte> answer)
    {
        using var document = JsonDocument.Parse(answer);
        return document.RootElement.TryGetProperty("choices", out var choices)
            ? choices.EnumerateArray().Any(choice =>
                Text(choice, "finish_reason") is "content_filter" or "length" || !SaysSomething(choice))
            : Text(document.RootElement, "status") is "incomplete" or "failed" or "cancelled"
                || document.RootElement.TryGetProperty("output", out var output) && output.GetArrayLength() == 0;
    }

    /// <summary>Anything but a role and an empty text: a call of a tool, a refusal, audio.</summary>
    private static bool SaysSomething(JsonElement choice) =>
        choice.TryGetProperty("message", out var message) && message.ValueKind == JsonValueKind.Object
        && message.EnumerateObject().Any(field => !field.NameEquals("role"u8) && field.Value.ValueKind switch
        {
            JsonValueKind.String => !string.IsNullOrWhiteSpace(field.Value.GetString()),
            JsonValueKind.Array => field.Value.GetArrayLength() > 0,
            JsonValueKind.Object => true,
            _ => false,
        });

    /// <summary>Provider, model, three token counts, and the body: HybridCache keeps byte arrays as they are.</summary>
    private static byte[] Pack(ModelResult result)
    {
        using (result)
        {
            var answer = result.Answer!;
            using var buffer = new MemoryStream(answer.Body.Length + 64);
            using var writer = new BinaryWriter(buffer);
            writer.Write(answer.Provider);
            writer.Write(answer.Model);
            writer.Write(answer.Usage);
            writer.Write(answer.Body.Length);
            writer.Write(answer.Body.Span);
            return buffer.ToArray();
        }
    }

    /// <param name="kept">A packed answer.</param>
    /// <param name="own">Of this request's own call; <see langword="null"/> when there was none.</param>
    private static ModelResult Unpack(byte[] kept, (IReadOnlyList<Attempt> Attempts, Candidate? Candidate)? own)
    {
        using var reader = new BinaryReader(new MemoryStream(kept, writable: false));
        var (provider, model, usage, length) = (reader.ReadString(), reader.ReadString(), reader.ReadUsage(), reader.ReadInt32());
        var body = new PooledBuffer(length);
        reader.ReadExactly(body.GetSpan(length)[..length]);
        body.Advance(length);
        return ModelResult.Of(new AcceptedAnswer(provider, model, body, usage, own?.Candidate), own?.Attempts ?? [], cached: own is null);
    }
}

/// <summary>Token counts in the form they are kept in.</summary>
internal static class TokenUsageFormat
{
    public static void Write(this BinaryWriter writer, TokenUsage? usage)
    {
        writer.Write(usage?.Input ?? -1);
        writer.Write(usage?.Output ?? 0);
        writer.Write(usage?.CachedInput ?? 0);
    }

    public static TokenUsage? ReadUsage(this BinaryReader reader)
    {
        var (input, output, cached) = (reader.ReadInt32(), reader.ReadInt32(), reader.ReadInt32());
        return input < 0 ? null : new(input, output, cached);
    }
}
