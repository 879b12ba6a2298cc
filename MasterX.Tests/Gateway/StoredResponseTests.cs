using System.Collections.Concurrent;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;
using MasterX.AiGateway.Requests;
using MasterX.Tests.Hosts;
using Microsoft.AspNetCore.Http;

namespace MasterX.Tests.Gateway;

/// <summary>Responses that a provider keeps are named to callers by whom they are from and for, and nobody else can use the name.</summary>
public sealed class StoredResponseTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_response_is_gone_on_from_by_the_provider_that_keeps_it_under_its_own_name(bool stream)
    {
        var bodies = new ConcurrentQueue<string>();
        await using var keeper = await KeeperAsync(bodies);
        await using var gateway = Gateway(keeper);

        var id = await RespondAsync(gateway, stream, "anna");
        using var next = await PostAsync(gateway, "anna", new { model = "both", stream, input = "more", previous_response_id = id });
        var text = await next.Content.ReadAsStringAsync(Token);

        Assert.StartsWith("resp_", id, StringComparison.Ordinal);
        Assert.DoesNotContain("resp_of_the_provider", text, StringComparison.Ordinal);
        Assert.Equal("keeper", next.Header("x-masterx-provider"));
        Assert.Equal("resp_of_the_provider", JsonNode.Parse(bodies.Last())!["previous_response_id"]!.GetValue<string>());
        Assert.Contains($"\"previous_response_id\":\"{id}\"", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("bert", "both", "was not given to this consumer")]
    [InlineData("anna", "gemini/m", "is kept by the provider 'keeper'")]
    public async Task Nobody_else_can_use_the_name_and_no_other_provider(string consumer, string model, string reason)
    {
        await using var keeper = await KeeperAsync([]);
        await using var gateway = Gateway(keeper);
        var id = await RespondAsync(gateway, false, "anna");

        using var refused = await PostAsync(gateway, consumer, new { model, input = "more", previous_response_id = id });
        using var error = JsonDocument.Parse(await refused.Content.ReadAsStringAsync(Token));

        Assert.Equal((400, "previous_response_id", "previous_response_not_found"), ((int)refused.StatusCode, error.RootElement.Text("error", "param"), error.RootElement.Text("error", "code")));
        Assert.Contains(reason, error.RootElement.Text("error", "message"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("resp_of_the_provider")]
    [InlineData("resp_")]
    [InlineData("resp_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("")]
    [InlineData("é")]
    public async Task A_name_that_nobody_gave_is_refused(string id)
    {
        await using var keeper = await KeeperAsync([]);
        await using var gateway = Gateway(keeper);

        using var refused = await PostAsync(gateway, "anna", new { model = "both", input = "more", previous_response_id = id });
        using var unknown = await gateway.Http.GetAsync(new Uri($"/v1/responses/{(id.Length == 0 ? "x" : Uri.EscapeDataString(id))}", UriKind.Relative), Token);

        Assert.Equal((400, 404), ((int)refused.StatusCode, (int)unknown.StatusCode));
    }

    [Fact]
    public async Task It_is_read_and_deleted_by_its_name()
    {
        await using var keeper = await KeeperAsync([]);
        await using var gateway = Gateway(keeper);
        var id = await RespondAsync(gateway, false, "");

        var read = JsonNode.Parse(await gateway.Http.GetStringAsync(new Uri($"/v1/responses/{id}", UriKind.Relative), Token))!;
        using var deleted = await gateway.Http.DeleteAsync(new Uri($"/v1/responses/{id}", UriKind.Relative), Token);
        using var again = await gateway.Http.GetAsync(new Uri($"/v1/responses/{id}", UriKind.Relative), Token);

        Assert.Equal(id, read["id"]!.GetValue<string>());
        Assert.Equal($$"""{"id":"{{id}}","object":"response","deleted":true}""", await deleted.Content.ReadAsStringAsync(Token));
        Assert.Equal(404, (int)again.StatusCode);
    }

    /// <summary>Every byte of a name counts, and so does the gateway's token.</summary>
    [Fact]
    public void A_name_that_was_changed_is_none()
    {
        var ids = new ResponseIds("token", "anna");
        var name = ids.Sign("openai", "resp_1");

        Assert.True(ids.TryRead(name, out var response));
        Assert.Equal(("openai", "resp_1", null), response);
        Assert.False(new ResponseIds("another", "anna").TryRead(name, out _));
        for (var i = 5; i < name.Length - 1; i++)
        {
            var changed = name.ToCharArray();
            changed[i] = changed[i] == 'A' ? 'B' : 'A';
            Assert.False(ids.TryRead(new string(changed), out _));
        }
    }

    private static GatewayHost Gateway(ScriptedProvider keeper) => new(
        ("Gateway:Providers:keeper:BaseUrl", keeper.Url), ("Gateway:Providers:keeper:ApiKey", "key"),
        ("Gateway:Routes:both:Candidates:0", "keeper/m"), ("Gateway:Routes:both:Candidates:1", "openai/m"));

    private static async Task<string> RespondAsync(GatewayHost gateway, bool stream, string consumer)
    {
        using var answer = await PostAsync(gateway, consumer, new { model = "both", stream, input = "hello" });
        var text = await answer.Content.ReadAsStringAsync(Token);
        Assert.DoesNotContain("resp_of_the_provider", text, StringComparison.Ordinal);
        var json = stream ? text.Split("data: ")[^1] : text;
        return (JsonNode.Parse(json)!["response"] ?? JsonNode.Parse(json)!)["id"]!.GetValue<string>();
    }

    private static Task<HttpResponseMessage> PostAsync(GatewayHost gateway, string consumer, object body)
    {
        var message = new HttpRequestMessage(HttpMethod.Post, "/v1/responses") { Content = JsonContent.Create(body) };
        message.Headers.Add("x-masterx-consumer", consumer);
        return gateway.Http.SendAsync(message, Token);
    }

    private static async Task<ScriptedProvider> KeeperAsync(ConcurrentQueue<string> bodies)
    {
        var isKept = true;
        return await ScriptedProvider.StartAsync(async context =>
        {
            if (context.Request.Method == "POST")
            {
                using var reader = new StreamReader(context.Request.Body);
                bodies.Enqueue(await reader.ReadToEndAsync(context.RequestAborted));
                var request = JsonNode.Parse(bodies.Last())!;
                var response = $$$"""{"id":"resp_of_the_provider","object":"response","status":"completed","previous_response_id":{{{request["previous_response_id"]?.ToJsonString() ?? "null"}}},"output":[{"id":"msg_1","type":"message","role":"assistant","content":[{"type":"output_text","text":"hi"}]}],"usage":{"input_tokens":1,"output_tokens":1,"total_tokens":2}}""";
                if (request["stream"]?.GetValue<bool>() == true)
                {
                    context.Response.ContentType = "text/event-stream";
                    await context.Response.WriteAsync(
                        $"event: response.created\ndata: {{\"type\":\"response.created\",\"response\":{response}}}\n\n"
                        + "event: response.output_text.delta\ndata: {\"type\":\"response.output_text.delta\",\"delta\":\"hi\"}\n\n"
                        + $"event: response.completed\ndata: {{\"type\":\"response.completed\",\"response\":{response}}}\n\n");
                    return;
                }

                await ScriptedProvider.JsonAsync(context, response);
                return;
            }

            if (!isKept || context.Request.Path != "/responses/resp_of_the_provider")
            {
                await ScriptedProvider.JsonAsync(context, """{"error":{"message":"Response with id 'resp_of_the_provider' not found.","type":"invalid_request_error","param":null,"code":null}}""", 404);
                return;
            }

            isKept = context.Request.Method != "DELETE";
            await ScriptedProvider.JsonAsync(context, isKept
                ? """{"id":"resp_of_the_provider","object":"response","output":[]}"""
                : """{"id":"resp_of_the_provider","object":"response","deleted":true}""");
        });
    }
}
