using MasterX.Api.Keys;
using MasterX.Api.Storage;
using MasterX.Tests.Api;
using MasterX.Tests.Hosts;
using Microsoft.Extensions.DependencyInjection;

namespace MasterX.Tests.Sharing;

/// <summary>Three replicas of the API on one Redis. Each has a database of its own; keys are put into all of them, as if it were one.</summary>
internal sealed class ApiReplicas : IAsyncDisposable
{
    private readonly ApiHost[] _hosts;

    private ApiReplicas(ApiHost[] hosts) => _hosts = hosts;

    /// <summary>Behind all of them.</summary>
    public IEnumerable<EmulatorHost> Emulators => _hosts.Select(host => host.Emulator);

    /// <summary>With the development key.</summary>
    public IEnumerable<HttpClient> Clients => _hosts.Select(host => host.Http);

    public static async Task<ApiReplicas> StartAsync(RedisServer redis, params IEnumerable<(string Key, string? Value)> settings)
    {
        var replicas = new ApiReplicas([.. Enumerable.Range(0, 3).Select(_ => new ApiHost([.. redis.Settings(), .. settings]))]);
        await Replicas.WaitAsync(replicas.Clients, "healthy");
        return replicas;
    }

    /// <summary>Makes a key.</summary>
    /// <returns>A client of each replica that has it.</returns>
    public async Task<HttpClient[]> ConsumersAsync(object limits)
    {
        var (id, secret, first) = await _hosts[0].MakeKeyAsync(limits);
        first.Dispose();
        var key = await _hosts[0].Services.GetRequiredService<IKeyStore>().FindAsync(id, TestContext.Current.CancellationToken);
        foreach (var host in _hosts[1..])
        {
            await host.WaitReadyAsync();
            Assert.True(await host.Services.GetRequiredService<IKeyStore>().TryAddAsync(Assert.IsType<ConsumerKey>(key), TestContext.Current.CancellationToken));
        }

        return [.. _hosts.Select(host => host.ClientWith(secret))];
    }

    public ValueTask DisposeAsync() => _hosts.DisposeAsync();
}
