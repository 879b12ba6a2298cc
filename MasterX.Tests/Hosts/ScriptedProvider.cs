using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;

namespace MasterX.Tests.Hosts;

/// <summary>A provider that answers as a test says, for what the emulator has no fault.</summary>
internal sealed class ScriptedProvider : IAsyncDisposable
{
    public const string Completion = """{"id":"c1","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"hi"},"finish_reason":"stop"}],"usage":{"prompt_tokens":10,"completion_tokens":5,"total_tokens":15}}""";

    private readonly WebApplication _app;

    private ScriptedProvider(WebApplication app) => _app = app;

    public string Url => _app.Urls.First();

    /// <param name="answer">Given the path and the body of every request.</param>
    public static async Task<ScriptedProvider> StartAsync(Func<HttpContext, Task> answer)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        app.Run(answer.Invoke);
        await app.StartAsync(TestContext.Current.CancellationToken);
        return new(app);
    }

    public static Task JsonAsync(HttpContext context, string body, int status = 200)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/json";
        return context.Response.WriteAsync(body, context.RequestAborted);
    }

    public async ValueTask DisposeAsync() => await _app.DisposeAsync();
}
