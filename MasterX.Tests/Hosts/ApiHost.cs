using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using MasterX.Api.Ai;

namespace MasterX.Tests.Hosts;

/// <summary>The API in this process, on an embedded database of its own, with a gateway and an emulator behind it.</summary>
internal sealed class ApiHost : IAsyncDisposable
{
    private readonly ServiceHost<GenerateRequest> _service;
    private readonly DataFolder? _folder;

    /// <param name="settings">Win over the defaults of tests.</param>
    /// <param name="environment">Host environment.</param>
    /// <param name="folder">A data folder that outlives this host.</param>
    /// <param name="gateway">Instead of one with an emulator behind it; disposed with this host.</param>
    /// <param name="time">Instead of the machine's.</param>
    public ApiHost(IEnumerable<(string Key, string? Value)>? settings = null, string environment = "Development", DataFolder? folder = null, GatewayHost? gateway = null, TimeProvider? time = null)
    {
        Gateway = gateway ?? new();
        _folder = folder is null ? new DataFolder() : null;
        var all = new Dictionary<string, string?>
        {
            ["Storage"] = "embedded",
            ["Embedded:Directory"] = (folder ?? _folder!).Path,
            ["Gateway:Token"] = GatewayHost.Token,
            ["services:aigateway:http:0"] = Gateway.Address.ToString(),
        };
        foreach (var (key, value) in settings ?? [])
        {
            all[key] = value;
        }

        _service = new ServiceHost<GenerateRequest>(all, environment, time);
        Http = ClientWith("mx-dev");
    }

    public GatewayHost Gateway { get; }

    public EmulatorHost Emulator => Gateway.Emulator;

    /// <summary>With the development key.</summary>
    public HttpClient Http { get; }

    /// <summary>Without a key.</summary>
    public HttpClient Anonymous => _service.Http;

    public Uri Address => _service.Address;

    public IServiceProvider Services => _service.Services;

    public HttpClient ClientWith(string key)
    {
        var client = new HttpClient { BaseAddress = _service.Address, Timeout = TimeSpan.FromSeconds(30) };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
        return client;
    }

    public Task<HttpResponseMessage> GenerateAsync(object request) => Http.PostAsJsonAsync("/api/ai/generate", request, TestContext.Current.CancellationToken);

    public Task<HttpResponseMessage> PostRawAsync(string path, string body, string contentType = "application/json") =>
        Http.PostAsync(new Uri(path, UriKind.Relative), new StringContent(body, Encoding.UTF8, contentType), TestContext.Current.CancellationToken);

    /// <summary>Waits until the database has been initialised.</summary>
    public async Task WaitReadyAsync()
    {
        while (true)
        {
            using var answer = await Anonymous.GetAsync(new Uri("/health/ready", UriKind.Relative), TestContext.Current.CancellationToken);
            if (answer.IsSuccessStatusCode)
            {
                return;
            }

            await Task.Delay(100, TestContext.Current.CancellationToken);
        }
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await _service.DisposeAsync();
        await Gateway.DisposeAsync();
        _folder?.Dispose();
    }
}
