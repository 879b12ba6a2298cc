using System.Net;
using MasterX.ServiceDefaults;
using MasterX.ServiceDefaults.Startup;
using MasterX.Tests.Hosts;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;

namespace MasterX.Tests.Defaults;

/// <summary>A service is alive at once and ready when its start-up sequence is done; a step that fails is waited for.</summary>
public sealed class StartupSequenceTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Steps_run_in_order_a_failing_one_is_tried_again_and_readiness_waits()
    {
        var steps = new Steps();
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.AddServiceDefaults();
        builder.Services.AddSingleton(steps);
        builder.Services.AddStartupStep<First>();
        builder.Services.AddStartupStep<Second>();
        await using var app = builder.Build();
        app.UseServiceDefaults();
        app.MapDefaultEndpoints();
        await app.StartAsync(Token);
        using var client = new HttpClient { BaseAddress = new Uri(app.Urls.First()) };

        await steps.FirstFailed.Task.WaitAsync(Token);
        using var live = await client.GetAsync(new Uri("/health/live", UriKind.Relative), Token);
        using var notReady = await client.GetAsync(new Uri("/health/ready", UriKind.Relative), Token);
        Assert.Equal(HttpStatusCode.OK, live.StatusCode);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, notReady.StatusCode);
        var document = await notReady.JsonAsync();
        Assert.Equal("not_ready", document.Text("status"));
        Assert.Equal("unhealthy", document.Text("checks", "startup", "status"));

        steps.FirstMaySucceed.SetResult();
        await steps.SecondDone.Task.WaitAsync(Token);
        HttpStatusCode status;
        do
        {
            using var ready = await client.GetAsync(new Uri("/health/ready", UriKind.Relative), Token);
            status = ready.StatusCode;
        }
        while (status != HttpStatusCode.OK && !Token.IsCancellationRequested);

        Assert.Equal(["first failed", "first", "second"], steps.Log);
        await app.StopAsync(Token);
    }

    [Fact]
    public async Task An_API_whose_MongoDB_is_not_there_lives_is_not_ready_and_says_why()
    {
        await using var api = new ApiHost([("Storage", "mongo"), ("MONGO_URL", "mongodb://127.0.0.1:1"), ("DB_NAME", "x"), ("Mongo:ServerSelectionTimeout", "00:00:00.200")]);

        using var live = await api.Anonymous.GetAsync(new Uri("/health/live", UriKind.Relative), Token);
        using var ready = await api.Anonymous.GetAsync(new Uri("/health/ready", UriKind.Relative), Token);
        using var users = await api.Http.GetAsync(new Uri("/api/users/usr_1", UriKind.Relative), Token);

        Assert.Equal(HttpStatusCode.OK, live.StatusCode);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, ready.StatusCode);
        Assert.Contains("MONGO_URL", (await ready.JsonAsync()).Text("checks", "database", "description"), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, users.StatusCode);
        Assert.Contains("database", (await users.JsonAsync()).Text("detail"), StringComparison.Ordinal);
    }

    private sealed class Steps
    {
        public List<string> Log { get; } = [];

        public TaskCompletionSource FirstFailed { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public TaskCompletionSource FirstMaySucceed { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public TaskCompletionSource SecondDone { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    private sealed class First(Steps steps) : IStartupStep
    {
        public string Name => "do the first step";

        public async Task RunAsync(CancellationToken cancellationToken)
        {
            if (!steps.FirstFailed.Task.IsCompleted)
            {
                steps.Log.Add("first failed");
                steps.FirstFailed.SetResult();
                throw new InvalidOperationException("not yet");
            }

            await steps.FirstMaySucceed.Task.WaitAsync(cancellationToken);
            steps.Log.Add("first");
        }
    }

    private sealed class Second(Steps steps) : IStartupStep
    {
        public string Name => "do the second step";

        public Task RunAsync(CancellationToken cancellationToken)
        {
            steps.Log.Add("second");
            steps.SecondDone.SetResult();
            return Task.CompletedTask;
        }
    }
}
