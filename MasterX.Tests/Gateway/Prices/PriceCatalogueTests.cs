using System.Text.Json;
using MasterX.AiGateway;
using MasterX.AiGateway.Prices;
using MasterX.AiGateway.Providers;

namespace MasterX.Tests.Gateway.Prices;

/// <summary>The catalogue is in order, and a name finds its own price in it or none.</summary>
public sealed class PriceCatalogueTests
{
    private const string Head = """{"version":1,"date":"2026-01-02","providers":{"p":{"hosts":["api.p.example"]}},"sources":{"s":{"url":"https://p.example/prices","date":"2026-01-01"}},"models":[""";
    private const string Good = """{"provider":"p","model":"m","aliases":["m-1"],"price":{"input":1},"source":"s","date":"2026-01-01"}""";

    [Fact]
    public void The_catalogue_in_the_program_is_valid() => Assert.Empty(CatalogueCheck.FindProblems(PriceCatalogue.BuiltIn));

    [Fact]
    public void Every_kind_of_provider_has_models_in_it()
    {
        var known = PriceCatalogue.BuiltIn.Entries.CountBy(entry => entry.Provider).ToDictionary();

        Assert.All(["openai", "azure", "gemini", "vertex", "anthropic", "bedrock", "groq", "mistral", "deepseek", "xai", "cohere", "together", "fireworks", "openrouter"], name => Assert.True(known[name] >= 10, name));
        Assert.True(known.Values.Sum() > 1000);
    }

    [Theory]
    [InlineData("gemini")]
    [InlineData("groq")]
    [InlineData("openai")]
    [InlineData("anthropic")]
    public void The_default_models_of_the_built_in_providers_have_prices(string name)
    {
        GatewayOptions options = new() { Providers = { ["anthropic"] = new() } };
        BuiltInProviders.Apply(options.Providers);
        var provider = options.Providers[name];

        Assert.All(
            new[] { provider.DefaultModel, provider.EmbeddingModel }.OfType<string>(),
            model => Assert.Equal(PriceOrigin.Catalogue, PriceList.QuoteOf(options, name, model).Origin));
    }

    [Fact]
    public void An_alias_leads_to_the_model_it_stands_for()
    {
        Assert.All(PriceCatalogue.BuiltIn.Entries, entry => Assert.All(entry.Aliases, alias => Assert.Equal(entry.Model, PriceCatalogue.BuiltIn.Find(entry.Provider, alias)?.Model)));
        Assert.Equal("claude-sonnet-4-5", PriceCatalogue.BuiltIn.Find("anthropic", "claude-sonnet-4-5-20250929")?.Model);
    }

    public static TheoryData<string, string?, string, string?> Names() => new()
    {
        // Who is paid follows from the host that is called, and the model's name is the provider's own.
        { "openai https://api.openai.com/v1", null, "gpt-4o-2024-08-06", "openai gpt-4o" },
        { "openai https://api.openai.com/v1", null, "gpt-4o-2024-05-13", "openai gpt-4o-2024-05-13" },
        { "openai https://api.groq.com/openai/v1", null, "llama-3.3-70b-versatile", "groq llama-3.3-70b-versatile" },
        { "openai https://openrouter.ai/api/v1", null, "openai/gpt-4o-mini", "openrouter openai/gpt-4o-mini" },
        { "openai https://api.mistral.ai/v1", null, "mistral-large-2512", "mistral mistral-large-2512" },
        { "openai https://generativelanguage.googleapis.com/v1beta/openai", null, "gemini-2.5-flash", "gemini gemini-2.5-flash" },
        { "anthropic https://api.deepseek.com/anthropic", null, "deepseek-chat", "deepseek deepseek-chat" },
        { "gemini http://localhost:5082/gemini", null, "models/gemini-2.5-flash", "gemini gemini-2.5-flash" },

        // What looks like a name that is known is another one.
        { "openai https://api.openai.com/v1", null, "gpt-4o-2099-01-01", null },
        { "openai https://api.openai.com/v1", null, "gpt-4o-mini-imitation", null },
        { "openai https://api.openai.com/v1", null, "GPT-4o", null },
        { "openai https://llm.example.com/v1", null, "gpt-4o", null },
        { "openai https://api.openai.com.example.com/v1", null, "gpt-4o", null },

        // One that is fine-tuned has the price of all such, and not that of the model it was made of.
        { "openai https://api.openai.com/v1", null, "ft:gpt-4o-mini-2024-07-18:acme::abc123", "openai ft:gpt-4o-mini-2024-07-18" },
        { "openai https://api.openai.com/v1", null, "ft:gpt-nothing:acme::abc123", null },

        // A deployment of Azure's is called as its owner likes.
        { "azure https://acme.openai.azure.com", null, "gpt-4o", null },
        { "azure https://acme.openai.azure.com", "gpt-4o-2024-08-06", "prod", "azure gpt-4o" },

        // What the answer names is what was used, if the catalogue knows it.
        { "openai https://api.openai.com/v1", "gpt-4o-2024-05-13", "gpt-4o", "openai gpt-4o-2024-05-13" },
        { "openai https://api.openai.com/v1", "something-else", "gpt-4o", "openai gpt-4o" },
        { "openai https://openrouter.ai/api/v1", "openai/gpt-4o-mini", "openrouter/auto", "openrouter openai/gpt-4o-mini" },

        // Bedrock's profiles for a part of the world, and prices of a region.
        { "bedrock eu-west-1", null, "eu.anthropic.claude-sonnet-4-5-20250929-v1:0", "bedrock eu.anthropic.claude-sonnet-4-5-20250929-v1:0" },
        { "bedrock eu-west-1", null, "global.anthropic.claude-sonnet-4-5-20250929-v1:0", "bedrock anthropic.claude-sonnet-4-5-20250929-v1:0" },
        { "bedrock us-east-1", null, "us.amazon.nova-pro-v1:0", "bedrock amazon.nova-pro-v1:0" },
        { "bedrock eu-west-1", null, "meta.llama3-8b-instruct-v1:0", "bedrock eu-west-1/meta.llama3-8b-instruct-v1:0" },
        { "bedrock us-east-1", null, "arn:aws:bedrock:us-east-1:1:inference-profile/us.amazon.nova-pro-v1:0", "bedrock amazon.nova-pro-v1:0" },
        { "bedrock us-east-1", null, "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-pro-v1:0", "bedrock amazon.nova-pro-v1:0" },
        { "bedrock us-east-1", null, "arn:aws:bedrock:us-east-1:1:application-inference-profile/abc", null },
        { "bedrock us-east-1", null, "xx.amazon.nova-pro-v1:0", null },

        // Vertex's versions.
        { "vertex https://aiplatform.googleapis.com", null, "claude-sonnet-4-5@20250929", "vertex claude-sonnet-4-5" },
        { "vertex https://aiplatform.googleapis.com", null, "claude-sonnet-4-5@default", "vertex claude-sonnet-4-5" },
        { "vertex https://aiplatform.googleapis.com", null, "google/gemini-2.5-flash", "vertex gemini-2.5-flash" },
        { "vertex https://aiplatform.googleapis.com", null, "claude-sonnet-4-5@20991231", null },
    };

    /// <param name="provider">Kind, and base URL or region.</param>
    /// <param name="answered">The model that an answer names.</param>
    /// <param name="model">The model that is asked for.</param>
    /// <param name="found">Provider and model in the catalogue.</param>
    [Theory]
    [MemberData(nameof(Names))]
    public void A_name_finds_its_own_price_or_none(string provider, string? answered, string model, string? found)
    {
        var (kind, place) = (provider.Split(' ')[0], provider.Split(' ')[1]);
        GatewayOptions options = new()
        {
            Providers = { ["mine"] = kind == "bedrock" ? new() { Kind = kind, Region = place, BaseUrl = $"https://bedrock-runtime.{place}.amazonaws.com" } : new() { Kind = kind, BaseUrl = place } },
        };

        var quote = PriceList.QuoteOf(options, "mine", model, answered);

        Assert.Equal(found, quote.Entry is { } entry ? $"{entry.Provider} {entry.Model}" : null);
        Assert.Equal(found is null ? PriceOrigin.None : PriceOrigin.Catalogue, quote.Origin);
    }

    [Fact]
    public void Whose_prices_they_are_can_be_set()
    {
        GatewayOptions options = new() { Providers = { ["proxy"] = new() { BaseUrl = "https://llm.example.com/v1", PricesOf = "openai" }, ["openai"] = new() { BaseUrl = "http://localhost:8000/v1", PricesOf = "none" } } };

        Assert.NotNull(PriceList.QuoteOf(options, "proxy", "gpt-4o").Price);
        Assert.Null(PriceList.QuoteOf(options, "openai", "gpt-4o").Price);
    }

    [Fact]
    public void A_setting_goes_before_the_catalogue_and_the_default_behind_it()
    {
        GatewayOptions options = new()
        {
            Providers = { ["openai"] = new() { BaseUrl = "https://api.openai.com/v1" } },
            Prices = { ["gpt-4o"] = new() { Input = 1 }, ["openai/gpt-4o"] = new() { Input = 2 }, ["o3"] = new() { Input = 3 } },
            DefaultPrice = new() { Input = 4 },
        };

        Assert.Equal((2, PriceOrigin.Setting), Of("gpt-4o"));
        Assert.Equal((3, PriceOrigin.Setting), Of("o3"));
        Assert.Equal((0.4m, PriceOrigin.Catalogue), Of("gpt-4.1-mini"));
        Assert.Equal((4, PriceOrigin.Default), Of("unheard-of"));

        (decimal?, PriceOrigin) Of(string model) => PriceList.QuoteOf(options, "openai", model) is var quote ? (quote.Price?.Input, quote.Origin) : default;
    }

    [Theory]
    [InlineData("""{"provider":"p","model":"m","price":{"input":1},"source":"s","date":"2026-01-01"}""", "must stand before")]
    [InlineData("""{"provider":"p","model":"a","price":{"input":1},"source":"s","date":"2026-01-01"}""", "must stand before")]
    [InlineData("""{"provider":"p","model":"n","aliases":["m-1"],"price":{"input":1},"source":"s","date":"2026-01-01"}""", "has the name m-1, which another")]
    [InlineData("""{"provider":"q","model":"n","price":{"input":1},"source":"s","date":"2026-01-01"}""", "is of a provider that the catalogue does not list")]
    [InlineData("""{"provider":"p","model":"n","price":{"input":1},"source":"x","date":"2026-01-01"}""", "is from 'x', which is not among the sources")]
    [InlineData("""{"provider":"p","model":"n","price":{"input":1},"source":"s"}""", "has the date 0001-01-01")]
    [InlineData("""{"provider":"p","model":"n","price":{"input":1},"source":"s","date":"2027-01-01"}""", "none later than the catalogue's")]
    [InlineData("""{"provider":"p","model":"n","price":{},"source":"s","date":"2026-01-01"}""", "has no price")]
    [InlineData("""{"provider":"p","model":"n","price":{"input":-1},"source":"s","date":"2026-01-01"}""", "has input -1")]
    [InlineData("""{"provider":"p","model":"n","price":{"input":1,"flex":{"output":1e7}},"source":"s","date":"2026-01-01"}""", "has flex.output 10000000")]
    [InlineData("""{"provider":"p","model":"n","price":{"input":1,"above":[{"tokens":5,"input":2},{"tokens":5,"input":3}]},"source":"s","date":"2026-01-01"}""", "do not begin above 0 and grow")]
    [InlineData("""{"model":"n","provider":"p","price":{"input":1},"source":"s","date":"2026-01-01"}""", "must have a line of its own")]
    public void What_is_wrong_with_a_catalogue_is_told(string line, string problem)
    {
        var catalogue = PriceCatalogue.Parse($"{Head}\n{Good},\n{line}\n]}}");

        Assert.Contains(CatalogueCheck.FindProblems(catalogue), told => told.Contains(problem, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("""{"version":2,"models":[]}""")]
    [InlineData("""{"version":1,"date":"2026-01-02","providers":null,"models":[]}""")]
    [InlineData("""{"version":1,"date":"2026-01-02","models":[{"provider":"p","model":"m","price":{"inptu":1}}]}""")]
    [InlineData("""{"version":1,"date":"2026-01-02","models":[{"provider":"p","model":"m","aliases":null}]}""")]
    public void What_is_no_catalogue_is_not_read(string json) => Assert.Throws<JsonException>(() => CatalogueCheck.FindProblems(PriceCatalogue.Parse(json)).ToArray());
}
