using MasterX.ServiceDefaults;
using MasterX.ServiceDefaults.Resilience;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Time.Testing;
using Polly.Timeout;

namespace MasterX.Tests.Defaults;

/// <summary>What every service's HTTP clients do when the other side fails, against a real server, with time in the test's hands.</summary>
public sealed class ResilienceTests : IAsyncLifetime
{
    private readonly FakeTimeProvider _time = new();
    private readonly SemaphoreSlim _received = new(0);
    private readonly TaskCompletionSource _mayAnswer = new();
    private WebApplication _server = null!;
    private IHost _client = null!;
    private int _calls;
    private int _status = StatusCodes.Status200OK;
    private bool _hang;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private Uri Address => new(_server.Urls.First());

    public async ValueTask InitializeAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        _server = builder.Build();
        _server.Map("/", async context =>
        {
            Interlocked.Increment(ref _calls);
            _received.Release();
            if (_hang)
            {
                await _mayAnswer.Task.WaitAsync(context.RequestAborted);
            }

            context.Response.StatusCode = _status;
        });
        await _server.StartAsync(Token);

        var service = Host.CreateApplicationBuilder();
        service.Services.AddSingleton<TimeProvider>(_time);
        service.AddServiceDefaults();
        service.Services.AddHttpClient("ordinary");
        service.Services.AddHttpClient("model").AddModelCallResilience();
        _client = service.Build();
    }

    public async ValueTask DisposeAsync()
    {
        _mayAnswer.TrySetResult();
        _client.Dispose();
        await _server.DisposeAsync();
        _received.Dispose();
    }

    [Fact]
    public async Task A_POST_is_sent_once_whatever_happens()
    {
        _status = StatusCodes.Status503ServiceUnavailable;
        using var client = Client("ordinary");

        using var answer = await client.PostAsync(Address, new StringContent(""), Token);

        Assert.Equal(503, (int)answer.StatusCode);
        Assert.Equal(1, _calls);
    }

    [Fact]
    public async Task A_GET_is_tried_again()
    {
        _status = StatusCodes.Status503ServiceUnavailable;
        using var client = Client("ordinary");

        var answering = client.GetAsync(Address, Token);
        await PassTimeUntilAsync(answering);

        using var answer = await answering;
        Assert.Equal(503, (int)answer.StatusCode);
        Assert.Equal(4, _calls);
    }

    [Fact]
    public async Task An_ordinary_call_ends_after_ten_seconds()
    {
        _hang = true;
        using var client = Client("ordinary");

        var answering = client.PostAsync(Address, new StringContent(""), Token);
        await PassTimeUntilAsync(answering);

        await Assert.ThrowsAsync<TimeoutRejectedException>(() => answering);
        Assert.Equal(1, _calls);
    }

    [Fact]
    public async Task A_model_call_may_take_minutes_and_is_never_sent_twice()
    {
        _hang = true;
        using var client = Client("model");

        var answering = client.PostAsync(Address, new StringContent(""), Token);
        await _received.WaitAsync(Token);
        _time.Advance(TimeSpan.FromMinutes(4));
        _mayAnswer.SetResult();

        using var answer = await answering;
        Assert.True(answer.IsSuccessStatusCode);
        Assert.Equal(1, _calls);
    }

    [Fact]
    public async Task A_model_call_that_fails_is_not_sent_again()
    {
        _status = StatusCodes.Status500InternalServerError;
        using var client = Client("model");

        using var answer = await client.GetAsync(Address, Token);

        Assert.Equal(500, (int)answer.StatusCode);
        Assert.Equal(1, _calls);
    }

    private HttpClient Client(string name) => _client.Services.GetRequiredService<IHttpClientFactory>().CreateClient(name);

    /// <summary>Lets a second pass whenever the call has had the chance to get to its next wait.</summary>
    private async Task PassTimeUntilAsync(Task end)
    {
        while (!end.IsCompleted)
        {
            await Task.WhenAny(end, _received.WaitAsync(TimeSpan.FromMilliseconds(20), Token));
            _time.Advance(TimeSpan.FromSeconds(1));
        }
    }
}
