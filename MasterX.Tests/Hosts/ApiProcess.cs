using System.Diagnostics;
using System.Net.Http.Headers;

namespace MasterX.Tests.Hosts;

/// <summary>The API as a process of its own: it can be killed, and all it writes can be read.</summary>
internal sealed class ApiProcess : IAsyncDisposable
{
    public const string AdminKey = "mx_the-admin-key-of-a-test-process";

    private readonly ServiceProcess _service;

    private ApiProcess(ServiceProcess service) => _service = service;

    /// <summary>A free port, which the process has found itself: one that was free a moment ago may be another's by now.</summary>
    public Uri Address => _service.Address;

    /// <summary>All it has written so far.</summary>
    public string Log => _service.Log;

    /// <param name="gateway">Behind it; none when its address does not matter.</param>
    /// <param name="settings">As environment variables.</param>
    /// <returns>Once it is ready.</returns>
    public static async Task<ApiProcess> StartAsync(GatewayHost? gateway, params IEnumerable<(string Name, string Value)> settings)
    {
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "MasterX.Api.dll")]);
        foreach (var (name, value) in new[]
        {
            ("ASPNETCORE_ENVIRONMENT", "Production"), ("ASPNETCORE_URLS", "http://127.0.0.1:0"), ("Gateway__Token", GatewayHost.Token), ("MASTERX_ADMIN_KEY", AdminKey), ("CORS_ORIGINS", "none"),
            ("services__aigateway__http__0", gateway?.Address.ToString() ?? "http://127.0.0.1:1"),
        }.Concat(settings))
        {
            start.Environment[name] = value;
        }

        var api = new ApiProcess(await ServiceProcess.StartAsync(start));
        using var client = api.ClientWith(AdminKey);
        await api._service.UntilAsync(() => api.IsReadyAsync(client), "the API to be ready");
        return api;
    }

    public HttpClient ClientWith(string key)
    {
        var client = new HttpClient { BaseAddress = Address, Timeout = TimeSpan.FromSeconds(30) };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
        return client;
    }

    /// <inheritdoc cref="ServiceProcess.KillAsync"/>
    public Task KillAsync() => _service.KillAsync();

    /// <inheritdoc cref="ServiceProcess.StopAsync"/>
    public Task<string> StopAsync() => _service.StopAsync();

    /// <inheritdoc cref="ServiceProcess.PauseAsync"/>
    public Task PauseAsync() => _service.PauseAsync();

    /// <inheritdoc cref="ServiceProcess.ContinueAsync"/>
    public Task ContinueAsync() => _service.ContinueAsync();

    public ValueTask DisposeAsync() => _service.DisposeAsync();

    private async Task<bool> IsReadyAsync(HttpClient client)
    {
        Assert.False(_service.HasEnded, $"The API has ended: {Log}");
        try
        {
            using var ready = await client.GetAsync(new Uri("/health/ready", UriKind.Relative), TestContext.Current.CancellationToken);
            return ready.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }
}
