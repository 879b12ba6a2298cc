using System.Collections.Concurrent;
using MasterX.AiGateway.Requests;

namespace MasterX.AiGateway.Caching;

/// <summary>
/// Whole answers of requests that are kept: from memory, or another replica's; from a like request's call that is under way; or by a call of their own.
/// </summary>
internal sealed class CachedAnswers(AnswerCache cache)
{
    private readonly ConcurrentDictionary<string, SharedCall> _underWay = new(StringComparer.Ordinal);

    /// <summary>Callers who wait for a call.</summary>
    public int Waiting => _underWay.Values.Sum(shared => shared.Waiting);

    /// <param name="key">Of the request.</param>
    /// <param name="lifetime">How long a new answer is kept.</param>
    /// <param name="request">The request, which a call made for it holds for as long as it needs.</param>
    /// <param name="call">Asks the providers.</param>
    /// <param name="cancellationToken">Ends this caller's wait; the call goes on while another waits for it.</param>
    public async Task<ModelResult> GetOrCallAsync(
        string key, TimeSpan lifetime, ModelRequest request, Func<CancellationToken, Task<ModelResult>> call,
        CancellationToken cancellationToken)
    {
        if (cache.Find(key) is { } kept)
        {
            return kept.AsCached();
        }

        var shared = Join(key, out var isNew);
        if (isNew)
        {
            // A like call may have ended between the look and the joining.
            if (cache.Find(key) is { } meanwhile)
            {
                call = _ => Task.FromResult(meanwhile.AsCached());
            }
            else if (cache.IsShared)
            {
                var own = call;
                call = token => FindOrCallAsync(key, own, token);
            }

            _ = RunAsync(key, lifetime, shared, request, call);
        }

        var result = await shared.WaitAsync(cancellationToken);
        return result switch
        {
            { Failure: { } failure } => failure,
            { Candidate: { } candidate } when isNew => result.Answer!.AsAnswered(candidate, result.Attempts),
            _ => result.Answer!.AsCached(),
        };
    }

    private async Task<ModelResult> FindOrCallAsync(string key, Func<CancellationToken, Task<ModelResult>> call, CancellationToken cancellationToken) =>
        await cache.FindSharedAsync(key) is { } kept ? kept.AsCached() : await call(cancellationToken);

    private async Task RunAsync(
        string key, TimeSpan lifetime, SharedCall shared, ModelRequest request, Func<CancellationToken, Task<ModelResult>> call)
    {
        await shared.RunAsync(request, call, answer => cache.Keep(key, answer, lifetime));
        _underWay.TryRemove(KeyValuePair.Create(key, shared));
    }

    private SharedCall Join(string key, out bool isNew)
    {
        while (true)
        {
            var fresh = new SharedCall();
            var shared = _underWay.GetOrAdd(key, fresh);
            isNew = ReferenceEquals(shared, fresh);
            if (shared.TryJoin())
            {
                return shared;
            }

            _underWay.TryRemove(KeyValuePair.Create(key, shared));
        }
    }
}
