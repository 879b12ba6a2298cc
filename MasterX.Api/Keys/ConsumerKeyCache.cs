using System.Security.Claims;
using MasterX.Api.Storage;
using Microsoft.Extensions.Caching.Memory;

namespace MasterX.Api.Keys;

/// <summary>A key that may call, with what the framework knows a caller by.</summary>
/// <param name="Key">As it is stored.</param>
/// <param name="Principal">Its id and scopes as claims.</param>
internal sealed record Consumer(ConsumerKey Key, ClaimsPrincipal Principal);

/// <summary>
/// Keys by their hash, remembered for <see cref="Lifetime"/>: a key that was revoked by any replica stops working on all of them within that time.
/// Only keys that exist are remembered; whoever makes up keys learns nothing, and fills nothing.
/// </summary>
internal sealed class ConsumerKeyCache(IKeyStore keys, TimeProvider time) : IDisposable
{
    /// <summary>Revocation takes effect within 5 s; this leaves room for a slow database.</summary>
    private static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(3);

    private const int MostKeys = 50_000;

    private readonly MemoryCache _known = new(new MemoryCacheOptions { SizeLimit = MostKeys });

    /// <returns>The consumer, or <see langword="null"/> when there is no such key, or it was revoked or has expired.</returns>
    public async ValueTask<Consumer?> FindAsync(string hash, CancellationToken cancellationToken)
    {
        if (_known.TryGetValue(hash, out Consumer? consumer))
        {
            return consumer!.Key.IsValid(time.GetUtcNow()) ? consumer : null;
        }

        if (await keys.FindByHashAsync(hash, cancellationToken) is not { } key)
        {
            return null;
        }

        consumer = Of(key);
        using (var entry = _known.CreateEntry(hash))
        {
            entry.Value = consumer;
            entry.Size = 1;
            entry.AbsoluteExpirationRelativeToNow = Lifetime;
        }

        return key.IsValid(time.GetUtcNow()) ? consumer : null;
    }

    /// <summary>Forgets a key at once, on this replica.</summary>
    public void Forget(string hash) => _known.Remove(hash);

    public static Consumer Of(ConsumerKey key)
    {
        var claims = key.Scopes.Select(scope => new Claim(ConsumerKeyAuthentication.ScopeClaim, scope)).Prepend(new Claim(ClaimTypes.NameIdentifier, key.Id));
        return new(key, new ClaimsPrincipal(new ClaimsIdentity(claims, ConsumerKeyAuthentication.SchemeName)));
    }

    public void Dispose() => _known.Dispose();
}
