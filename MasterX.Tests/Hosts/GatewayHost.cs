using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using MasterX.AiGateway;

namespace MasterX.Tests.Hosts;

/// <summary>The AI gateway in this process, with an emulator behind it unless a test says otherwise.</summary>
internal sealed class GatewayHost : IAsyncDisposable
{
    public const string Token = "a-token-for-tests-only";

    private readonly ServiceHost<GatewayOptions> _service;

    public GatewayHost(params IEnumerable<(string Key, string? Value)> settings)
    {
        var all = new Dictionary<string, string?> { ["Gateway:Token"] = Token };
        foreach (var provider in new[] { "gemini", "groq", "openai", "anthropic" })
        {
            all[$"Gateway:Providers:{provider}:BaseUrl"] = Emulator.UrlOf(provider);
            all[$"Gateway:Providers:{provider}:ApiKey"] = $"key-of-{provider}-1234567890";
        }

        foreach (var (key, value) in settings)
        {
            all[key] = value;
        }

        _service = new ServiceHost<GatewayOptions>(all);
        Http = new HttpClient { BaseAddress = _service.Address, Timeout = TimeSpan.FromSeconds(30) };
        Http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Token);
    }

    public EmulatorHost Emulator { get; } = new();

    public Uri Address => _service.Address;

    /// <summary>With the gateway's token.</summary>
    public HttpClient Http { get; }

    /// <summary>Without credentials.</summary>
    public HttpClient Anonymous => _service.Http;

    public ReloadableSettings Changes => _service.Changes;

    public IServiceProvider Services => _service.Services;

    public Task<HttpResponseMessage> ChatAsync(object request) =>
        Http.PostAsJsonAsync("/v1/chat/completions", request, TestContext.Current.CancellationToken);

    public Task<HttpResponseMessage> AskAsync(string prompt, string? model = null) =>
        ChatAsync(model is null ? new { messages = new[] { new { role = "user", content = prompt } } } : new { model, messages = new[] { new { role = "user", content = prompt } } });

    public Task<HttpResponseMessage> PostRawAsync(string body, string contentType = "application/json") =>
        Http.PostAsync(new Uri("/v1/chat/completions", UriKind.Relative), new StringContent(body, Encoding.UTF8, contentType), TestContext.Current.CancellationToken);

    /// <summary>The record of a call of that name, as soon as the call has ended, which may be after its caller has gone.</summary>
    public async Task<JsonElement> RecordAsync(string call)
    {
        while (true)
        {
            using var answer = await Http.GetAsync(new Uri($"/calls/{call}", UriKind.Relative), TestContext.Current.CancellationToken);
            if (answer.IsSuccessStatusCode && await answer.JsonAsync() is var record && record.GetProperty("ended").GetBoolean())
            {
                return record;
            }

            await Task.Delay(10, TestContext.Current.CancellationToken);
        }
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await _service.DisposeAsync();
        await Emulator.DisposeAsync();
    }
}
