using System.Text.Json;
using Microsoft.Extensions.Caching.Memory;
using MasterX.AiGateway.Translation;
using MasterX.ServiceDefaults.Sharing;

namespace MasterX.AiGateway.Caching;

/// <summary>
/// Kept answers, in memory: whole ones and streams apart, each as what it was (<see cref="KeptAnswer"/>, <see cref="KeptStream"/>). All
/// of them together take no more than <see cref="GatewayOptions.MaxCacheBytes"/>, and one no more than <see cref="LargestBytes"/>.
/// Failures are never kept, nor are answers that were filtered, cut short or empty: the next call may bring more. Where the gateway's
/// replicas share what they know, each finds what another has kept (<see cref="SharedAnswers"/>).
/// </summary>
internal sealed class AnswerCache(GatewayConfiguration configuration, TimeProvider time, SharedBytes? bytes = null) : IDisposable
{
    /// <summary>A longer answer is given to those who asked for it, and not kept.</summary>
    public const int LargestBytes = 1024 * 1024;

    /// <summary>What an entry takes beside its bytes, roughly: key, names, the cache's own.</summary>
    private const int EntryBytes = 512;

    private readonly MemoryCache _kept = new(new MemoryCacheOptions { SizeLimit = configuration.Options.MaxCacheBytes });

    private readonly SharedAnswers? _shared = bytes is null ? null : new(bytes, configuration, time);

    /// <summary>Whether other replicas may have kept what this one has not.</summary>
    public bool IsShared => _shared is not null;

    public KeptAnswer? Find(string key) => _kept.Get<KeptAnswer>((key, typeof(KeptAnswer)));

    public KeptStream? FindStream(string key) => _kept.Get<KeptStream>((key, typeof(KeptStream)));

    public void Keep(string key, KeptAnswer answer, TimeSpan lifetime)
    {
        if (answer.Body.Length <= LargestBytes && !IsIncomplete(answer.Body))
        {
            Keep((key, typeof(KeptAnswer)), answer, answer.Body.Length, lifetime);
            _shared?.Keep(key, answer, lifetime);
        }
    }

    public void Keep(string key, KeptStream stream, TimeSpan lifetime)
    {
        Keep((key, typeof(KeptStream)), stream, stream.Events.Length + stream.End.Length, lifetime);
        _shared?.Keep(key, stream, lifetime);
    }

    /// <summary>Finds what another replica has kept, and keeps it here for as long as it may be.</summary>
    public async ValueTask<KeptAnswer?> FindSharedAsync(string key)
    {
        if (_shared is null || await _shared.FindAsync(key) is not var (kept, left))
        {
            return null;
        }

        Keep((key, typeof(KeptAnswer)), kept, kept.Body.Length, left);
        return kept;
    }

    /// <inheritdoc cref="FindSharedAsync"/>
    public async ValueTask<KeptStream?> FindSharedStreamAsync(string key)
    {
        if (_shared is null || await _shared.FindStreamAsync(key) is not var (kept, left))
        {
            return null;
        }

        Keep((key, typeof(KeptStream)), kept, kept.Events.Length + kept.End.Length, left);
        return kept;
    }

    public void Dispose() => _kept.Dispose();

    private void Keep(object key, object answer, int bytes, TimeSpan lifetime)
    {
        if (bytes <= LargestBytes)
        {
            _kept.Set(key, answer, new MemoryCacheEntryOptions { AbsoluteExpirationRelativeToNow = lifetime, Size = bytes + EntryBytes });
        }
    }

    /// <summary>
    /// Whether some of an answer is missing, or all of it: held back, cut short by a limit of tokens, or empty. Another call may bring
    /// more. Asked of answers that would be kept, and of no others.
    /// </summary>
    private static bool IsIncomplete(byte[] answer)
    {
        try
        {
            using var document = JsonDocument.Parse(answer);
            return IsIncomplete(document.RootElement);
        }
        catch (Exception odd) when (odd is JsonException or InvalidOperationException)
        {
            // Text with half a surrogate pair, or a list that is none: passed on as it came, and not kept.
            return true;
        }
    }

    private static bool IsIncomplete(JsonElement answer) =>
        answer.Text("type") == "message" ? IsIncompleteMessage(answer)
        : answer.TryGetProperty("choices", out var choices)
            ? choices.EnumerateArray().Any(choice =>
                choice.Text("finish_reason") is "content_filter" or "length" || !SaysSomething(choice))
            : answer.Text("status") is "incomplete" or "failed" or "cancelled"
                || answer.TryGetProperty("output", out var output) && output.GetArrayLength() == 0;

    private static bool IsIncompleteMessage(JsonElement message) =>
        message.Text("stop_reason") is "max_tokens" or "refusal" or "model_context_window_exceeded" or "pause_turn"
        || message.Elements("content").All(block => block.Text("type") == "text" && string.IsNullOrWhiteSpace(block.Text("text")));

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
}
