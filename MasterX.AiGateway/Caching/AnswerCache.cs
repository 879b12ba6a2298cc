using System.Text.Json;
using Microsoft.Extensions.Caching.Memory;
using static MasterX.AiGateway.Providers.ChatFields;

namespace MasterX.AiGateway.Caching;

/// <summary>
/// Kept answers, in memory: whole ones and streams apart, each as what it was (<see cref="KeptAnswer"/>, <see cref="KeptStream"/>). All
/// of them together take no more than <see cref="GatewayOptions.MaxCacheBytes"/>, and one no more than <see cref="LargestBytes"/>.
/// Failures are never kept, nor are answers a provider has filtered: its filter may judge otherwise next time.
/// </summary>
internal sealed class AnswerCache(GatewayConfiguration configuration) : IDisposable
{
    /// <summary>A longer answer is given to those who asked for it, and not kept.</summary>
    public const int LargestBytes = 1024 * 1024;

    /// <summary>What an entry takes beside its bytes, roughly: key, names, the cache's own.</summary>
    private const int EntryBytes = 512;

    private readonly MemoryCache _kept = new(new MemoryCacheOptions { SizeLimit = configuration.Options.MaxCacheBytes });

    public KeptAnswer? Find(string key) => _kept.Get<KeptAnswer>((key, typeof(KeptAnswer)));

    public KeptStream? FindStream(string key) => _kept.Get<KeptStream>((key, typeof(KeptStream)));

    public void Keep(string key, KeptAnswer answer, TimeSpan lifetime)
    {
        if (answer.Body.Length <= LargestBytes && !IsFiltered(answer.Body))
        {
            Keep((key, typeof(KeptAnswer)), answer, answer.Body.Length, lifetime);
        }
    }

    public void Keep(string key, KeptStream stream, TimeSpan lifetime) =>
        Keep((key, typeof(KeptStream)), stream, stream.Events.Length + stream.End.Length, lifetime);

    public void Dispose() => _kept.Dispose();

    private void Keep(object key, object answer, int bytes, TimeSpan lifetime)
    {
        if (bytes <= LargestBytes)
        {
            _kept.Set(key, answer, new MemoryCacheEntryOptions { AbsoluteExpirationRelativeToNow = lifetime, Size = bytes + EntryBytes });
        }
    }

    /// <summary>Whether a provider held back some of an answer; asked of answers that would be kept, and of no others.</summary>
    private static bool IsFiltered(byte[] answer)
    {
        using var document = JsonDocument.Parse(answer);
        return document.RootElement.TryGetProperty("choices", out var choices)
            ? choices.EnumerateArray().Any(choice => Text(choice, "finish_reason") == "content_filter")
            : Text(document.RootElement, "status") is "incomplete" or "failed" or "cancelled";
    }
}
