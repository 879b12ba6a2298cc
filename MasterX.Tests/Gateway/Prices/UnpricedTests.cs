using System.Net.Http.Json;
using System.Text.Json;
using MasterX.AiGateway;
using MasterX.AiGateway.Providers;
using MasterX.AiGateway.Streaming;
using MasterX.AiGateway.Telemetry;
using MasterX.Tests.Hosts;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace MasterX.Tests.Gateway.Prices;

/// <summary>A model without a price is not free: its answers have no cost, and that is told.</summary>
public sealed class UnpricedTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task It_has_no_cost_is_counted_shown_and_logged_once()
    {
        await using var provider = await ScriptedProvider.StartAsync(context => ScriptedProvider.JsonAsync(context, ScriptedProvider.Completion));
        await using var gateway = new GatewayHost(("Gateway:Providers:mine:BaseUrl", provider.Url), ("Gateway:Prices:mine/llama3:8b:Input", "100"));
        using var log = new LogLines();
        gateway.Services.GetRequiredService<ILoggerFactory>().AddProvider(log);

        using var first = await gateway.AskAsync("hi", "mine/own-model");
        using var second = await gateway.AskAsync("hi", "mine/own-model");
        using var priced = await gateway.AskAsync("hi", "mine/llama3:8b");

        Assert.Equal((null, null, "0.001"), (first.Header("x-masterx-cost-usd"), second.Header("x-masterx-cost-usd"), priced.Header("x-masterx-cost-usd")));
        Assert.Equal(2, (await PrometheusText.ReadAsync(gateway.Anonymous)).Value("gateway_unpriced_answers_total", ("provider", "mine"), ("model", "own-model")));
        Assert.Contains("Set Gateway__Prices__mine/own-model__Input", Assert.Single(log.Lines, line => line.Contains("has no price", StringComparison.Ordinal)), StringComparison.Ordinal);
        var models = await ModelsAsync(gateway, "mine");
        Assert.Equal(("False", null), (models["own-model"].Text("priced"), models["own-model"].Text("price")));
        Assert.Equal(("True", "setting", "100"), (models["llama3:8b"].Text("priced"), models["llama3:8b"].Text("price", "from"), models["llama3:8b"].Text("price", "input")));
    }

    [Fact]
    public async Task Providers_tell_where_a_price_is_from_and_as_of_when_it_holds()
    {
        await using var gateway = new GatewayHost();

        var model = (await ModelsAsync(gateway, "gemini"))["gemini-2.5-flash"];

        Assert.Equal(("True", "gemini/gemini-2.5-flash"), (model.Text("priced"), model.Text("price", "of")));
        Assert.True(DateOnly.TryParseExact(model.Text("price", "as_of"), "O", System.Globalization.CultureInfo.InvariantCulture, default, out _));
    }

    [Fact]
    public async Task A_default_price_is_for_what_has_none()
    {
        await using var provider = await ScriptedProvider.StartAsync(context => ScriptedProvider.JsonAsync(context, ScriptedProvider.Completion));
        await using var gateway = new GatewayHost(
            ("Gateway:Providers:mine:BaseUrl", provider.Url), ("Gateway:DefaultPrice:Input", "10"), ("Gateway:DefaultPrice:Output", "20"), ("Gateway:DefaultPrice:Batch:Factor", "0.5"));

        using var answer = await gateway.AskAsync("hi", "mine/own-model");

        Assert.Equal("0.0002", answer.Header("x-masterx-cost-usd"));
    }

    [Fact]
    public async Task A_deployment_of_Azures_has_a_price_once_a_stream_has_named_its_model()
    {
        await using var provider = await ScriptedProvider.StartAsync(context =>
        {
            context.Response.ContentType = "text/event-stream";
            return context.Response.WriteAsync(
                "data: {\"id\":\"\",\"model\":\"\",\"choices\":[],\"prompt_filter_results\":[]}\n\n"
                + "data: {\"id\":\"c\",\"model\":\"gpt-4o-2024-08-06\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"hi\"},\"finish_reason\":\"stop\"}]}\n\n"
                + "data: {\"id\":\"c\",\"model\":\"gpt-4o-2024-08-06\",\"choices\":[],\"usage\":{\"prompt_tokens\":10,\"completion_tokens\":5}}\n\ndata: [DONE]\n\n", Token);
        });
        await using var gateway = new GatewayHost(
            ("Gateway:Providers:cloud:Kind", "azure"), ("Gateway:Providers:cloud:BaseUrl", provider.Url), ("Gateway:Providers:cloud:ApiKey", "k"), ("Gateway:Routes:r:Candidates:0", "cloud/prod"));
        var before = (await ModelsAsync(gateway, "cloud"))["prod"];

        using var answer = await gateway.ChatAsync(new { model = "r", stream = true, messages = new[] { new { role = "user", content = "hi" } } });
        await answer.Content.ReadAsStringAsync(Token);

        var after = (await ModelsAsync(gateway, "cloud"))["prod"];
        Assert.Equal(("False", null), (before.Text("priced"), before.Text("answers_as")));
        Assert.Equal(("True", "gpt-4o-2024-08-06", "azure/gpt-4o"), (after.Text("priced"), after.Text("answers_as"), after.Text("price", "of")));
    }

    [Theory]
    [InlineData("""{"id":"c","service_tier":"priority","choices":[],"usage":{"prompt_tokens":10,"completion_tokens":5,"prompt_tokens_details":{"cached_tokens":4,"audio_tokens":3}}}""", ServiceTier.Priority)]
    [InlineData("""{"id":"c","choices":[],"usage":{"prompt_tokens":10,"completion_tokens":5,"prompt_tokens_details":{"cached_tokens":4,"audio_tokens":3}},"service_tier":"flex"}""", ServiceTier.Flex)]
    [InlineData("""{"id":"c","choices":[],"usage":{"prompt_tokens":10,"completion_tokens":5,"prompt_tokens_details":{"cached_tokens":4,"audio_tokens":3}},"service_tier":"default"}""", ServiceTier.Standard)]
    public void A_stream_tells_its_tier_in_any_place(string chunk, ServiceTier tier)
    {
        using var output = new MasterX.AiGateway.Requests.PooledBuffer(256);
        var frames = new OpenAiFrames { CallerWantsUsage = true };

        frames.Read(System.Text.Encoding.UTF8.GetBytes(chunk), output);

        Assert.Equal(new TokenUsage(10, 5, 4) { AudioInput = 3, Tier = tier }, frames.Usage);
    }

    [Fact]
    public void What_a_stream_of_Anthropics_tells_at_its_beginning_holds_at_its_end()
    {
        using var output = new MasterX.AiGateway.Requests.PooledBuffer(256);
        using var provider = new Provider("anthropic", new ProviderOptions { Kind = "anthropic", BaseUrl = "http://127.0.0.1:1/v1" }, TimeProvider.System);
        var frames = new MessagesFrames { Candidate = provider.CandidateOf("claude-x") };
        foreach (var data in (string[])
        [
            """{"type":"message_start","message":{"id":"m","type":"message","role":"assistant","model":"claude-x-1","content":[],"usage":{"input_tokens":3,"cache_read_input_tokens":5,"cache_creation_input_tokens":30,"cache_creation":{"ephemeral_5m_input_tokens":10,"ephemeral_1h_input_tokens":20},"output_tokens":1,"service_tier":"batch","inference_geo":"us"}}}""",
            """{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":7,"cache_creation_input_tokens":30,"server_tool_use":{"web_search_requests":2},"output_tokens_details":{"thinking_tokens":4}}}""",
        ])
        {
            frames.Read(System.Text.Encoding.UTF8.GetBytes(data), output);
        }

        Assert.Equal(new TokenUsage(38, 7, 5, 30, 4) { CacheWriteHour = 20, WebSearches = 2, Tier = ServiceTier.Batch, Region = "us", Model = "claude-x-1" }, frames.Usage);
    }

    [Theory]
    [InlineData("-5")]
    [InlineData("99999999999")]
    [InlineData("1e400")]
    [InlineData("\"7\"")]
    [InlineData("null")]
    [InlineData("{}")]
    public void A_count_that_is_none_counts_nothing(string count)
    {
        var usage = $$$"""{"prompt_tokens":{{{count}}},"completion_tokens":3,"prompt_tokens_details":{"cached_tokens":{{{count}}},"audio_tokens":{{{count}}}},"completion_tokens_details":{"reasoning_tokens":{{{count}}}}}""";
        var json = new Utf8JsonReader(System.Text.Encoding.UTF8.GetBytes(usage));
        json.Read();

        Assert.Equal(new TokenUsage(0, 3), AnswerScan.ReadUsage(ref json));
        Assert.Equal(JsonTokenType.EndObject, json.TokenType);
    }

    [Fact]
    public async Task A_newer_catalogue_takes_the_place_of_the_one_in_the_program_and_a_bad_one_does_not()
    {
        using var folder = new DataFolder();
        var (good, bad) = (Path.Combine(folder.Path, "good.json"), Path.Combine(folder.Path, "bad.json"));
        await File.WriteAllTextAsync(
            good,
            "{\"version\":1,\"date\":\"2030-01-02\",\"providers\":{\"groq\":{\"hosts\":[\"api.groq.com\"]}},\"sources\":{\"s\":{\"url\":\"https://groq.com/pricing\",\"date\":\"2030-01-01\"}},\"models\":[\n"
            + "{\"provider\":\"groq\",\"model\":\"new-model\",\"price\":{\"input\":1000,\"output\":1000},\"source\":\"s\",\"date\":\"2030-01-01\"}\n]}\n", Token);
        await File.WriteAllTextAsync(bad, "{\"version\":1,\"date\":\"2030-01-02\",\"models\":[\n]}\n", Token);
        await using var gateway = new GatewayHost(("Gateway:PriceCatalogue", good));

        using var known = await gateway.AskAsync("hi", "groq/new-model");
        using var unknown = await gateway.AskAsync("hi", "groq/llama-3.3-70b-versatile");

        Assert.NotNull(known.Header("x-masterx-cost-usd"));
        Assert.Null(unknown.Header("x-masterx-cost-usd"));

        gateway.Changes.Change(("Gateway:PriceCatalogue", bad));
        using var still = await gateway.AskAsync("hi", "groq/new-model");
        Assert.NotNull(still.Header("x-masterx-cost-usd"));

        gateway.Changes.Change(("Gateway:PriceCatalogue", null));
        using var builtIn = await gateway.AskAsync("hi", "groq/llama-3.3-70b-versatile");
        Assert.NotNull(builtIn.Header("x-masterx-cost-usd"));
    }

    [Theory]
    [InlineData("Gateway:PriceCatalogue", "/no/such/file.json", "Gateway__PriceCatalogue is /no/such/file.json, which cannot be read")]
    [InlineData("Gateway:Prices:m:Input", "-1", "Gateway__Prices__m__ has input -1; it must be 0 to 1000000")]
    [InlineData("Gateway:DefaultPrice:Output", "2000000", "Gateway__DefaultPrice__ has output 2000000")]
    [InlineData("Gateway:Providers:openai:PricesOf", "nobody", "Gateway__Providers__openai__PricesOf is 'nobody'")]
    public void A_price_that_cannot_be_is_refused_with_its_variable(string key, string value, string problem)
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection([new("Gateway:Providers:openai:ApiKey", "sk-test"), new("Gateway:Prices:m:Output", "1"), new(key, value)]).Build();

        Assert.Contains(GatewayConfiguration.FindProblems(configuration, out _), told => told.StartsWith(problem, StringComparison.Ordinal));
    }

    [Fact]
    public void Every_price_can_be_set()
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(
        [
            new("Gateway:Providers:openai:ApiKey", "sk-test"), new("Gateway:Prices:a:b:Input", "1"), new("Gateway:Prices:a:b:CacheWriteHour", "2"), new("Gateway:Prices:a:b:Above:0:Tokens", "1000"),
            new("Gateway:Prices:a:b:Above:0:Input", "3"), new("Gateway:Prices:a:b:Flex:Factor", "0.5"), new("Gateway:Prices:a:b:Regions:us", "1.1"),
        ]).Build();

        Assert.Empty(GatewayConfiguration.FindProblems(configuration, out var options));
        var price = Assert.Single(options.Prices, price => price.Key == "a:b").Value;
        Assert.Equal(
            ["input 1", "cache_write_hour 2", "above_1000.input 3", "flex.factor 0.5", "regions.us 1.1"],
            price.All.Where(one => one.Value is not null).Select(one => FormattableString.Invariant($"{one.Name} {one.Value}")));
    }

    private static async Task<Dictionary<string, JsonElement>> ModelsAsync(GatewayHost gateway, string provider)
    {
        var providers = await gateway.Http.GetFromJsonAsync<JsonElement>("/providers", Token);
        return providers.GetProperty("providers").EnumerateArray().Single(one => one.Text("name") == provider)
            .GetProperty("models").EnumerateArray().ToDictionary(model => model.Text("name")!);
    }
}
