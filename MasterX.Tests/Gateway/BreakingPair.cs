using System.Text.Json.Nodes;
using MasterX.Tests.Hosts;

namespace MasterX.Tests.Gateway;

/// <summary>A gateway with a route of two providers, of which the first breaks off.</summary>
internal sealed class BreakingPair(PieceProvider first, PieceProvider second, (string Name, string? Value)[] settings) : IAsyncDisposable
{
    public const string Messages = "messages", Responses = "responses";

    public const string Prompt = "Go on, please.";

    private GatewayHost? _gateway;
    private PieceProvider? _third;

    /// <summary>Begun with the first who needs it, as the settings are then.</summary>
    public GatewayHost Gateway => _gateway ??= new GatewayHost([.. Settings()]);

    public int AskedSecond => second.Asked;

    public JsonNode Last => second.Last;

    public static async Task<BreakingPair> StartAsync(string first, AnswerPiece[] said, string second, AnswerPiece[] rest, params (string Name, string? Value)[] settings) =>
        new(await PieceProvider.StartAsync(first, said), await PieceProvider.StartAsync(second, rest), settings);

    /// <summary>Who is asked when the second breaks off too.</summary>
    public void Add(PieceProvider third) => _third = third;

    public IReadOnlyList<(string Role, string Text)> LastTurns(string kind)
    {
        Assert.Equal(kind, second.Kind);
        return second.Turns;
    }

    public async Task<ChatStream> AskAsync(string door, string fields = "{}")
    {
        var request = JsonNode.Parse(fields)!.AsObject();
        (request["model"], request["stream"]) = ("route", true);
        request["max_tokens"] ??= door == Messages ? 100 : null;
        request[door == Responses ? "input" : "messages"] = door == Responses ? "tell" : new JsonArray(new JsonObject { ["role"] = "user", ["content"] = "tell" });
        foreach (var name in request.Where(field => field.Value is null).Select(field => field.Key).ToArray())
        {
            request.Remove(name);
        }

        return await ChatStream.ReadAsync(Gateway.Http, request, $"/v1/{door}");
    }

    public Task<ChatStream> AskRawAsync(string body) => ChatStream.ReadAsync(Gateway.Http, new StringContent(body, System.Text.Encoding.UTF8, "application/json"));

    public async Task<string> AskTextAsync(string body)
    {
        using var content = new StringContent(body, System.Text.Encoding.UTF8, "application/json");
        using var answer = await Gateway.Http.PostAsync(new Uri("/v1/chat/completions", UriKind.Relative), content, TestContext.Current.CancellationToken);
        return await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        if (_gateway is not null)
        {
            await _gateway.DisposeAsync();
        }

        await first.DisposeAsync();
        await second.DisposeAsync();
    }

    private IEnumerable<(string, string?)> Settings()
    {
        var model = settings.FirstOrDefault(setting => setting.Name == "Model").Value ?? "m";
        yield return ("Gateway:ResumePrompt", Prompt);
        yield return ("Gateway:Routes:route:Resume", "true");
        foreach (var (name, provider, index) in new[] { ("a", first, 0), ("b", second, 1), ("c", _third, 2) })
        {
            if (provider is null)
            {
                continue;
            }

            yield return ($"Gateway:Providers:{name}:Kind", provider.Kind);
            yield return ($"Gateway:Providers:{name}:BaseUrl", provider.Url);
            yield return ($"Gateway:Providers:{name}:ApiKey", "k");
            yield return ($"Gateway:Routes:route:Candidates:{index}", $"{name}/{(name == "b" ? model : "m")}");
        }

        if (first.Kind == "openai" && first.IsChat)
        {
            yield return ("Gateway:Providers:a:ResponsesApi", "false");
        }

        if (settings.FirstOrDefault(setting => setting.Name == "Cache").Value is { } cache)
        {
            yield return ("Gateway:Routes:route:Cache", cache);
        }

        if (settings.FirstOrDefault(setting => setting.Name == "Continuation").Value is { } continuation)
        {
            yield return ($"Gateway:Providers:b:Continuations:{model}", continuation);
        }
    }
}
