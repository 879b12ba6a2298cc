using System.Net.Http.Json;
using System.Text.Json;
using MasterX.Tests.Hosts;

namespace MasterX.Tests.Api;

/// <summary>Short ways to what tests of the API do again and again.</summary>
internal static class ApiCalls
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static Task<HttpResponseMessage> SendAsync(this HttpClient client, string method, string path, object? body = null, params IEnumerable<(string Name, string Value)> headers)
    {
        var request = new HttpRequestMessage(new HttpMethod(method), path) { Content = body is null ? null : JsonContent.Create(body) };
        foreach (var (name, value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        return client.SendAsync(request, Token);
    }

    public static async Task<JsonElement> GetJsonAsync(this HttpClient client, string path)
    {
        using var answer = await client.SendAsync("GET", path);
        Assert.True(answer.IsSuccessStatusCode, $"{(int)answer.StatusCode}: {await answer.Content.ReadAsStringAsync(Token)}");
        return await answer.JsonAsync();
    }

    /// <summary>Makes a key, as an admin does.</summary>
    /// <returns>Its id, and a client that has it.</returns>
    public static async Task<(string Id, string Key, HttpClient Client)> MakeKeyAsync(this ApiHost api, object? more = null)
    {
        await api.WaitReadyAsync();
        var body = JsonSerializer.SerializeToNode(more ?? new { })!.AsObject();
        body["name"] ??= "a consumer";
        using var created = await api.Http.SendAsync("POST", "/api/keys", body);
        var key = await created.JsonAsync();
        Assert.True(created.IsSuccessStatusCode, key.ToString());
        return (key.Text("id")!, key.Text("key")!, api.ClientWith(key.Text("key")!));
    }

    public static async Task<string> MakeUserAsync(this HttpClient client, string email, string name = "test")
    {
        using var created = await client.SendAsync("POST", "/api/users", new { name, email });
        var user = await created.JsonAsync();
        Assert.True(created.IsSuccessStatusCode, user.ToString());
        return user.Text("id")!;
    }

    /// <summary>Waits for what comes in its own time.</summary>
    /// <param name="condition">Asked again and again.</param>
    /// <param name="what">For the message, should it not come.</param>
    /// <param name="state">What there was instead.</param>
    public static async Task UntilAsync(Func<Task<bool>> condition, string what, Func<string>? state = null)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(Token);
        patience.CancelAfter(TimeSpan.FromSeconds(30));
        while (!await condition())
        {
            Assert.False(patience.IsCancellationRequested, $"Waited in vain: {what}{(patience.IsCancellationRequested && state is not null ? $", but {state()}" : "")}");
            await Task.Delay(50, Token);
        }
    }
}
