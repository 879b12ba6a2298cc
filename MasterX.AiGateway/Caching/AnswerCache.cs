using System.Security.Cryptography;
using System.Text;
using MasterX.AiGateway.Chat;
using MasterX.AiGateway.Routing;
using Microsoft.Extensions.Caching.Hybrid;

namespace MasterX.AiGateway.Caching;

/// <summary>
/// Answers of routes that keep them: the same request of the same caller, byte for byte, is answered again without a provider,
/// and requests that are alike and under way at once share one call. Failures are never kept.
/// </summary>
internal sealed class AnswerCache(HybridCache cache)
{
    /// <summary>A call that did not succeed leaves the cache by an exception, which is what keeps <see cref="HybridCache"/> from storing it.</summary>
    private sealed class NotCacheableException(ChatResult result) : Exception
    {
        public ChatResult Result { get; } = result;
    }

    /// <param name="route">A route with <see cref="ModelRoute.Cache"/> above zero.</param>
    /// <param name="caller">Identity of the caller; part of the key, so that nobody is answered with another's words.</param>
    /// <param name="request">The request.</param>
    /// <param name="call">Asks the providers.</param>
    /// <param name="cancellationToken">Ends this caller's wait; the call goes on while another waits for it.</param>
    public async Task<ChatResult> GetOrCallAsync(ModelRoute route, string caller, ChatRequest request, Func<CancellationToken, Task<ChatResult>> call, CancellationToken cancellationToken)
    {
        var called = false;
        try
        {
            var kept = await cache.GetOrCreateAsync(
                Key(route, caller, request),
                async token =>
                {
                    called = true;
                    using var result = await call(token);
                    return result.Answer is { } answer ? Pack(answer, result) : throw new NotCacheableException(result.Detach());
                },
                new HybridCacheEntryOptions { Expiration = route.Cache, LocalCacheExpiration = route.Cache },
                cancellationToken: cancellationToken);
            return Unpack(kept, cached: !called);
        }
        catch (NotCacheableException failed)
        {
            return failed.Result;
        }
    }

    private static string Key(ModelRoute route, string caller, ChatRequest request)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes($"{route.Name}\0{caller}\0"));
        hash.AppendData(request.Body.Span);
        return $"chat:{Convert.ToHexStringLower(hash.GetHashAndReset())}";
    }

    /// <summary>Stored as length-prefixed provider and model, three token counts, and the body: HybridCache keeps byte arrays as they are.</summary>
    private static byte[] Pack(AcceptedAnswer answer, ChatResult result)
    {
        using var buffer = new MemoryStream();
        using var writer = new BinaryWriter(buffer);
        writer.Write(answer.Provider);
        writer.Write(answer.Model);
        writer.Write(answer.Usage?.Input ?? -1);
        writer.Write(answer.Usage?.Output ?? 0);
        writer.Write(answer.Usage?.CachedInput ?? 0);
        writer.Write(answer.Body.Length);
        writer.Write(answer.Body.Span);
        return buffer.ToArray();
    }

    private static ChatResult Unpack(byte[] kept, bool cached)
    {
        using var reader = new BinaryReader(new MemoryStream(kept, writable: false));
        var (provider, model, input, output, cachedInput) = (reader.ReadString(), reader.ReadString(), reader.ReadInt32(), reader.ReadInt32(), reader.ReadInt32());
        var length = reader.ReadInt32();
        var body = new PooledBuffer(length);
        reader.ReadExactly(body.GetSpan(length)[..length]);
        body.Advance(length);
        return ChatResult.Of(new AcceptedAnswer(provider, model, body, input < 0 ? null : new(input, output, cachedInput)), [], cached);
    }
}
