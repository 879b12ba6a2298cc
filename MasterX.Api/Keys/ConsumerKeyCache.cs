using System.Collections.Concurrent;
using System.Security.Claims;
using MasterX.Api.Projects;
using MasterX.Api.Storage;

namespace MasterX.Api.Keys;

/// <summary>A key that may call, with what the framework knows a caller by.</summary>
/// <param name="Key">As it is stored.</param>
/// <param name="Project">The one it belongs to; <see langword="null"/> for none.</param>
/// <param name="Principal">Its id and scopes as claims.</param>
internal sealed record Consumer(ConsumerKey Key, Project? Project, ClaimsPrincipal Principal)
{
    private int _noted;

    /// <summary>Whether anything is counted in budgets.</summary>
    public bool HasBudgets { get; } = (Key.CountedNow | (Project?.CountedNow ?? BudgetKinds.None)) != BudgetKinds.None;

    /// <summary>Whether it may not ask for everything.</summary>
    public bool IsConfined { get; } = Key.Models.Count + Key.Routes.Count + (Project?.Models.Count ?? 0) + (Project?.Routes.Count ?? 0) > 0;

    /// <summary>True the first time it is asked: a consumer is looked up anew every few seconds, and its use is noted once each time.</summary>
    public bool IsFirstUse() => _noted == 0 && Interlocked.Exchange(ref _noted, 1) == 0;
}

/// <summary>
/// Keys by their hash, with their projects, remembered for <see cref="Lifetime"/>: a key that was revoked or changed by any replica is so on all of them within that time.
/// Only keys that exist are remembered; whoever makes up keys learns nothing, and fills nothing.
/// </summary>
internal sealed class ConsumerKeyCache(IKeyStore keys, IProjectStore projects, TimeProvider time)
{
    /// <summary>Revocation takes effect within 5 s; this leaves room for a slow database.</summary>
    private static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(3);

    private const int MostKeys = 50_000;

    private readonly ConcurrentDictionary<ConsumerKeyHash, (Consumer Consumer, long Read)> _known = new();

    /// <returns>The consumer, or <see langword="null"/> when there is no such key, or it was revoked or has expired.</returns>
    public async ValueTask<Consumer?> FindAsync(ConsumerKeyHash hash, CancellationToken cancellationToken)
    {
        if (!_known.TryGetValue(hash, out var known) || time.GetElapsedTime(known.Read) > Lifetime)
        {
            var read = time.GetTimestamp();
            var key = await keys.FindByHashAsync(hash.ToString(), cancellationToken);
            var project = key?.ProjectId is { } projectId ? await projects.FindAsync(projectId, cancellationToken) : null;
            if (key is null || project?.Id != key.ProjectId)
            {
                _known.TryRemove(hash, out _);
                return null;
            }

            known = (Of(key, project), read);
            Remember(hash, known.Consumer, read);
        }

        return known.Consumer.Key.IsOpenedBy(hash, time.GetUtcNow()) ? known.Consumer : null;
    }

    /// <summary>One who was remembered, by a key or a token, and still may call; nobody is asked.</summary>
    public Consumer? Known(ConsumerKeyHash hash) =>
        _known.TryGetValue(hash, out var known) && time.GetElapsedTime(known.Read) <= Lifetime && known.Consumer.Key.IsOpenedBy(hash, time.GetUtcNow()) ? known.Consumer : null;

    /// <summary>Remembers a consumer.</summary>
    /// <param name="hash">Of the key, or of the token.</param>
    /// <param name="consumer">Who has presented it.</param>
    /// <param name="read">When what is known of the consumer began to be read.</param>
    public void Remember(ConsumerKeyHash hash, Consumer consumer, long read)
    {
        if (_known.Count >= MostKeys)
        {
            _known.Clear();
        }

        _known[hash] = (consumer, read);
    }

    /// <summary>Forgets a key, or the keys of a project, at once, on this replica.</summary>
    /// <param name="id">Of the key, or the project.</param>
    public void Forget(string id)
    {
        foreach (var (hash, known) in _known)
        {
            if (known.Consumer.Key.Id == id || known.Consumer.Key.ProjectId == id)
            {
                _known.TryRemove(hash, out _);
            }
        }
    }

    public static Consumer Of(ConsumerKey key, Project? project = null)
    {
        var claims = key.Scopes.Select(scope => new Claim(ConsumerKeyAuthentication.ScopeClaim, scope)).Prepend(new Claim(ClaimTypes.NameIdentifier, key.Id));
        return new(key, project, new ClaimsPrincipal(new ClaimsIdentity(claims, ConsumerKeyAuthentication.SchemeName)));
    }
}
