using MasterX.AiGateway;
using MasterX.AiGateway.Providers;
using MasterX.AiGateway.Routing;
using MasterX.AiGateway.Prices;
using MasterX.AiGateway.Telemetry;
using Microsoft.Extensions.Configuration;

namespace MasterX.Tests.Gateway;

/// <summary>A configuration that cannot work is refused with the variable to change.</summary>
public sealed class GatewayOptionsTests
{
    [Fact]
    public void One_key_is_enough()
    {
        var options = Valid();

        Assert.True(new GatewayOptionsValidator().Validate(null, options).Succeeded);
    }

    [Theory]
    [InlineData("http://api.example.com/v1", "must be https")]
    [InlineData("http://api.example.com/v1", "Gateway__Providers__openai__AllowInsecure=true")]
    [InlineData("https://user:password@api.example.com/v1", "no user, password or query")]
    [InlineData("ftp://api.example.com", "absolute http(s) URL")]
    [InlineData("api.example.com", "absolute http(s) URL")]
    public void A_base_URL_that_would_leak_or_not_work_is_refused(string url, string said)
    {
        var options = Valid();
        options.Providers["openai"].BaseUrl = url;

        AssertProblem(options, said, "Gateway__Providers__openai__BaseUrl");
    }

    [Fact]
    public void A_model_server_in_the_same_network_may_be_http_when_that_is_said()
    {
        var options = Valid();
        (options.Providers["openai"].BaseUrl, options.Providers["openai"].AllowInsecure) = ("http://vllm.default.svc.cluster.local:8000/v1", true);

        Assert.True(new GatewayOptionsValidator().Validate(null, options).Succeeded);
    }

    [Fact]
    public void Nobody_to_call_is_refused()
    {
        var options = new GatewayOptions { Token = new string('t', 32) };
        BuiltInProviders.Apply(options.Providers);

        AssertProblem(options, "No provider can be called", "Gateway__Providers__gemini__ApiKey");
    }

    [Fact]
    public void A_built_in_provider_moved_to_another_address_needs_no_key()
    {
        var options = new GatewayOptions { Token = new string('t', 32) };
        options.Providers["openai"] = new ProviderOptions { BaseUrl = "http://127.0.0.1:11434/v1" };
        BuiltInProviders.Apply(options.Providers);

        Assert.True(new GatewayOptionsValidator().Validate(null, options).Succeeded);
    }

    [Fact]
    public void A_route_to_an_unknown_provider_is_refused()
    {
        var options = Valid();
        options.Routes["fast"] = new() { Candidates = { "nobody/model" } };

        AssertProblem(options, "'fast'", "'nobody'");
    }

    [Fact]
    public void A_key_with_a_line_end_is_refused_without_being_shown()
    {
        var options = Valid();
        options.Providers["openai"].ApiKey = "sk-very-secret\n";

        var result = new GatewayOptionsValidator().Validate(null, options);

        Assert.Contains("Gateway__Providers__openai__ApiKey", result.FailureMessage, StringComparison.Ordinal);
        Assert.DoesNotContain("very-secret", result.FailureMessage, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("k", 1, 0, "ApiKeys__1__Key is the same")]
    [InlineData("", 1, 0, "ApiKeys__1__Key is missing")]
    [InlineData("secret\n", 1, 0, "ApiKeys__1__Key contains a character")]
    [InlineData("l", 0, 0, "ApiKeys__1__Weight")]
    [InlineData("l", double.NaN, 0, "ApiKeys__1__Weight")]
    [InlineData("l", 1, -1, "ApiKeys__1__RequestsPerMinute")]
    public void One_of_several_keys_that_cannot_be_used_is_named_by_its_place(string key, double weight, int requests, string problem)
    {
        var options = Valid();
        options.Providers["openai"].ApiKey = null;
        options.Providers["openai"].ApiKeys.Add(new() { Key = "k" });
        options.Providers["openai"].ApiKeys.Add(new() { Key = key, Weight = weight, RequestsPerMinute = requests });

        AssertProblem(options, "Gateway__Providers__openai__" + problem);
        Assert.DoesNotContain("secret", new GatewayOptionsValidator().Validate(null, options).FailureMessage, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("azure", "https://x.openai.azure.com/openai", null, "key", "BaseUrl must be the resource's endpoint")]
    [InlineData("azure", "https://x.openai.azure.com", "2024", "key", "ApiVersion must be")]
    [InlineData("openai", "https://x.openai.azure.com", "v1", "key", "ApiVersion must be")]
    [InlineData("azure", "https://x.openai.azure.com", "v1", "kerberos", "Credential is 'kerberos'")]
    [InlineData("azure", "https://x.openai.azure.com", "v1", "entra", "Credential=entra and a key are both set")]
    [InlineData("openai", "https://x.openai.azure.com", null, "entra", "Credential=entra is for providers of Kind azure only")]
    public void What_belongs_to_Azure_is_checked(string kind, string url, string? version, string credential, string problem)
    {
        var options = Valid();
        options.Providers["azure"] = new() { Kind = kind, BaseUrl = url, ApiKey = "k", ApiVersion = version, Credential = credential };

        AssertProblem(options, "Gateway__Providers__azure__" + problem);
    }

    [Theory]
    [InlineData("vertex", "my-project", "europe-west1", "key", null, "k", "https://x.googleapis.com/v1", "BaseUrl must end before /v1")]
    [InlineData("vertex", "My Project", null, "key", null, "k", null, "Project must be")]
    [InlineData("openai", "my-project", null, "key", null, "k", "https://x.example.com/v1", "Project must be")]
    [InlineData("vertex", "my-project", "evil.example.com/", "key", null, "k", null, "Location must be")]
    [InlineData("vertex", "my-project", null, "key", null, null, null, "ApiKey is missing")]
    [InlineData("vertex", null, null, "google", null, null, null, "Project is missing")]
    [InlineData("vertex", "my-project", null, "google", null, "k", null, "Credential=google and a key are both set")]
    [InlineData("openai", null, null, "google", null, null, "https://x.example.com/v1", "Credential=google is for providers of Kind vertex only")]
    [InlineData("vertex", "my-project", null, "key", "a.json", "k", null, "CredentialFile is read with")]
    public void What_belongs_to_Vertex_is_checked(
        string kind, string? project, string? location, string credential, string? file, string? key, string? url, string problem)
    {
        var options = Valid();
        options.Providers["cloud"] = new()
        {
            Kind = kind, Project = project, Location = location, Credential = credential, CredentialFile = file, ApiKey = key,
            BaseUrl = url ?? "https://aiplatform.googleapis.com",
        };

        AssertProblem(options, "Gateway__Providers__cloud__" + problem);
    }

    [Theory]
    [InlineData(null, "https://aiplatform.googleapis.com")]
    [InlineData("global", "https://aiplatform.googleapis.com")]
    [InlineData("eu", "https://aiplatform.eu.rep.googleapis.com")]
    [InlineData("europe-west1", "https://europe-west1-aiplatform.googleapis.com")]
    public void Where_Vertex_is_follows_from_its_location(string? location, string url)
    {
        var problems = GatewayConfiguration.FindProblems(
            Configuration(
                ("Gateway:Providers:v:Kind", "vertex"), ("Gateway:Providers:v:Project", "p"), ("Gateway:Providers:v:Location", location),
                ("Gateway:Providers:v:ApiKey", "k")),
            out var options);

        Assert.Empty(problems);
        Assert.Equal(url, options.Providers["v"].BaseUrl);
    }

    [Theory]
    [InlineData("bedrock", null, "key", "k", null, "Region must be")]
    [InlineData("bedrock", "Frankfurt!", "key", "k", null, "Region must be")]
    [InlineData("openai", "eu-central-1", "key", "k", null, "Region must be")]
    [InlineData("bedrock", "eu-central-1", "key", "k", "https://x.amazonaws.com/model", "BaseUrl must have no path")]
    [InlineData("bedrock", "eu-central-1", "key", null, null, "ApiKey is missing")]
    [InlineData("bedrock", "eu-central-1", "key", "AKIA1:", null, "ApiKey has a colon")]
    [InlineData("bedrock", "eu-central-1", "aws", "k", null, "Credential=aws and a key are both set")]
    [InlineData("openai", null, "aws", null, null, "Credential=aws is for providers of Kind bedrock only")]
    public void What_belongs_to_Bedrock_is_checked(string kind, string? region, string credential, string? key, string? url, string problem)
    {
        var options = Valid();
        options.Providers["cloud"] = new()
        {
            Kind = kind, Region = region, Credential = credential, ApiKey = key, BaseUrl = url ?? "https://bedrock-runtime.eu-central-1.amazonaws.com",
        };

        AssertProblem(options, "Gateway__Providers__cloud__" + problem);
    }

    [Theory]
    [InlineData("eu-central-1", "https://bedrock-runtime.eu-central-1.amazonaws.com")]
    [InlineData("cn-north-1", "https://bedrock-runtime.cn-north-1.amazonaws.com.cn")]
    public void Where_Bedrock_is_follows_from_its_region(string region, string url)
    {
        var problems = GatewayConfiguration.FindProblems(
            Configuration(("Gateway:Providers:b:Kind", "bedrock"), ("Gateway:Providers:b:Region", region), ("Gateway:Providers:b:ApiKey", "k")), out var options);

        Assert.Empty(problems);
        Assert.Equal(url, options.Providers["b"].BaseUrl);
    }

    [Fact]
    public void One_key_and_several_are_not_set_together()
    {
        var options = Valid();
        options.Providers["openai"].ApiKeys.Add(new() { Key = "k" });

        AssertProblem(options, "Gateway__Providers__openai__ApiKey and Gateway__Providers__openai__ApiKeys are both set");
    }

    [Fact]
    public void All_problems_are_told_at_once()
    {
        var options = Valid();
        options.Token = "line\nend";
        options.Providers["openai"].FirstByteTimeout = TimeSpan.Zero;
        options.Providers["openai"].Kind = "telepathy";

        Assert.Equal(3, new GatewayOptionsValidator().Validate(null, options).Failures!.Count());
    }

    [Theory]
    [InlineData("Gateway:TotalTimeout", "300", "00:05:00 for 300 seconds")]
    [InlineData("Gateway:ProbeIdleAfter", "60", "00:01:00 for 60 seconds")]
    [InlineData("Gateway:Providers:openai:FirstByteTimeout", "90", "00:01:30 for 90 seconds")]
    [InlineData("Gateway:Providers:openai:Circuit:BreakDuration", "-5", "00:05:00 for five minutes")]
    [InlineData("Gateway:Routes:llama3:8b:HedgeAfter", "2", "00:00:02 for 2 seconds")]
    [InlineData("Gateway:Routes:fast:Cache", "99999999999", "00:05:00 for five minutes")]
    public void A_time_that_is_a_bare_number_is_refused_with_what_to_write(string key, string value, string example)
    {
        var problems = GatewayConfiguration.FindProblems(Configuration((key, value)), out _);

        Assert.Contains(problems, problem => problem.StartsWith($"{key.Replace(":", "__", StringComparison.Ordinal)} is {value}, which would be {value} days.", StringComparison.Ordinal)
            && problem.Contains(example, StringComparison.Ordinal));
    }

    [Fact]
    public void Every_time_is_known_to_be_one()
    {
        Type[] options = [typeof(GatewayOptions), typeof(ProviderOptions), typeof(CircuitOptions), typeof(ModelRouteOptions)];
        var times = options.SelectMany(type => type.GetProperties())
            .Where(property => (Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType) == typeof(TimeSpan)).Select(property => property.Name);

        Assert.Equal(times.Distinct().Order(), GatewayConfiguration.Times.Order());
    }

    [Fact]
    public void Zero_is_no_bare_number() =>
        Assert.Empty(GatewayConfiguration.FindProblems(Configuration(("Gateway:ProbeIdleAfter", "0")), out _));

    [Fact]
    public void Model_names_with_colons_can_be_priced_and_routed()
    {
        var problems = GatewayConfiguration.FindProblems(
            Configuration(
                ("Gateway:Prices:llama3:Input", "1"), ("Gateway:Prices:llama3:8b:Input", "2"), ("Gateway:Prices:openai/a:b:free:Output", "3"),
                ("Gateway:Routes:llama3:8b:Candidates:0", "openai/llama3:8b"), ("Gateway:Routes:llama3:Candidates:0", "openai/llama3")),
            out var options);

        Assert.Empty(problems);
        Assert.Equal(["llama3", "llama3:8b", "openai/a:b:free"], options.Prices.Keys.Order());
        Assert.Equal((1m, 2m, 3m), (options.Prices["llama3"].Input, options.Prices["llama3:8b"].Input, options.Prices["openai/a:b:free"].Output));
        Assert.Equal(["llama3", "llama3:8b"], options.Routes.Keys.Order());
        Assert.Equal(["openai/llama3:8b"], options.Routes["llama3:8b"].Candidates);
    }

    [Fact]
    public void A_price_that_says_nothing_is_refused()
    {
        var problems = GatewayConfiguration.FindProblems(Configuration(("Gateway:Prices:llama3:8b:Imput", "2")), out _);

        Assert.Contains("Gateway__Prices__llama3:8b has neither Input nor Output", Assert.Single(problems), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1_000_000, 0, 0, "0.30")]
    [InlineData(0, 1_000_000, 0, "2.50")]
    [InlineData(1_000_000, 0, 1_000_000, "0.03")]
    [InlineData(1000, 500, 200, "0.001496")]
    public void Cost_is_tokens_times_price_per_million(int input, int output, int cached, string dollars)
    {
        var price = new ModelPrice { Input = 0.30m, CachedInput = 0.03m, Output = 2.50m };

        Assert.Equal(decimal.Parse(dollars, System.Globalization.CultureInfo.InvariantCulture), price.CostOf(new TokenUsage(input, output, cached)));
    }

    private static IConfiguration Configuration(params IEnumerable<(string Key, string? Value)> settings) => new ConfigurationBuilder()
        .AddInMemoryCollection(settings.Select(setting => KeyValuePair.Create(setting.Key, setting.Value)).Prepend(new("Gateway:Providers:openai:ApiKey", "sk-test")))
        .Build();

    private static GatewayOptions Valid()
    {
        var options = new GatewayOptions { Token = new string('t', 32) };
        options.Providers["openai"] = new ProviderOptions { ApiKey = "sk-test" };
        BuiltInProviders.Apply(options.Providers);
        return options;
    }

    private static void AssertProblem(GatewayOptions options, params string[] said)
    {
        var result = new GatewayOptionsValidator().Validate(null, options);
        Assert.True(result.Failed);
        Assert.All(said, text => Assert.Contains(text, result.FailureMessage, StringComparison.Ordinal));
    }
}
