using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;

namespace MasterX.Tests.Composition;

/// <summary>What the composition consists of, in run mode and when it is published.</summary>
public sealed class AppHostModelTests
{
    [Fact]
    public async Task Run_mode_has_the_API_the_gateway_the_emulator_and_an_embedded_store()
    {
        await using var builder = await AppHostModel.DescribeAsync("--Storage=embedded");

        Assert.True(builder.Has("api"));
        Assert.True(builder.Has("aigateway"));
        Assert.True(builder.Has("emulator"));
        Assert.False(builder.Has("mongo"));
    }

    [Fact]
    public async Task With_MongoDB_the_API_refers_to_the_database_and_waits_for_it()
    {
        // As published: in run mode the same needs a container runtime.
        await using var builder = await AppHostModel.DescribePublishedAsync("--Storage=mongo");

        var api = builder.Find("api");
        Assert.IsType<MongoDBDatabaseResource>(builder.Find("masterx"));
        Assert.Equal("mongo", ((MongoDBDatabaseResource)builder.Find("masterx")).Parent.Name);
        Assert.Contains("masterx", api.RefersTo());
        Assert.Contains("masterx", api.WaitsFor());
        Assert.Contains("mongo", api.WaitsFor());
    }

    [Fact]
    public async Task MongoDB_runs_the_image_that_is_asked_for_before_it_is_chosen()
    {
        await using var builder = await AppHostModel.DescribePublishedAsync("--Storage=mongo");

        Assert.True(builder.Find("mongo").TryGetContainerImageName(out var image));
        Assert.Equal("docker.io/library/mongo:8.3", image);
    }

    [Fact]
    public async Task The_API_waits_for_the_gateway_and_the_gateway_for_the_emulator()
    {
        await using var builder = await AppHostModel.DescribeAsync("--Storage=embedded");

        Assert.Contains("aigateway", builder.Find("api").WaitsFor());
        Assert.Contains("aigateway", builder.Find("api").RefersTo());
        Assert.Contains("emulator", builder.Find("aigateway").WaitsFor());
    }

    [Theory]
    [InlineData("api")]
    [InlineData("aigateway")]
    [InlineData("emulator")]
    public async Task Every_service_is_healthy_when_it_says_that_it_is_ready(string service)
    {
        await using var builder = await AppHostModel.DescribeAsync("--Storage=embedded");

        Assert.Equal([$"{service}_http_/health/ready_200_check"], builder.Find(service).HealthChecks());
    }

    [Fact]
    public async Task Only_the_API_is_reachable_from_outside()
    {
        await using var builder = await AppHostModel.DescribeAsync("--Storage=embedded");

        Assert.All(builder.Find("api").Annotations.OfType<EndpointAnnotation>(), endpoint => Assert.True(endpoint.IsExternal));
        Assert.All(builder.Find("aigateway").Annotations.OfType<EndpointAnnotation>(), endpoint => Assert.False(endpoint.IsExternal));
    }

    [Fact]
    public async Task Replicas_are_configurable()
    {
        await using var builder = await AppHostModel.DescribeAsync("--Storage=embedded", "--Replicas=3");

        Assert.Equal(3, builder.Find("api").Annotations.OfType<ReplicaAnnotation>().Single().Replicas);
    }

    [Fact]
    public async Task The_first_admin_key_is_made_for_a_run_and_asked_for_when_deploying()
    {
        await using var run = await AppHostModel.DescribeAsync("--Storage=embedded");
        await using var given = await AppHostModel.DescribeAsync("--Storage=embedded", "--Parameters:admin-key=mx_given-by-a-developer");

        Assert.True(((ParameterResource)run.Find("admin-key")).Secret);
        Assert.Matches("^mx_[0-9A-Za-z]{43}$", await ((ParameterResource)run.Find("admin-key")).GetValueAsync(TestContext.Current.CancellationToken));
        Assert.Equal("mx_given-by-a-developer", await ((ParameterResource)given.Find("admin-key")).GetValueAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_provider_with_a_key_is_an_outside_service_that_the_gateway_refers_to()
    {
        await using var builder = await AppHostModel.DescribeAsync("--Storage=embedded", "--Parameters:gemini-api-key=k");

        var gemini = Assert.IsType<ExternalServiceResource>(builder.Find("gemini"));
        Assert.Equal("generativelanguage.googleapis.com", gemini.Uri!.Host);
        Assert.Contains("gemini", builder.Find("aigateway").RefersTo());
        Assert.Empty(gemini.HealthChecks());
        Assert.False(builder.Has("groq"));
    }

    [Fact]
    public async Task Every_parameter_says_what_it_is_for()
    {
        await using var builder = await AppHostModel.DescribePublishedAsync("--Storage=mongo");

        Assert.All(
            builder.Resources.OfType<ParameterResource>().Where(parameter => parameter.Name is not "mongo-password"),
            parameter => Assert.False(string.IsNullOrWhiteSpace(parameter.Description), parameter.Name));
    }

    [Fact]
    public async Task A_provider_with_a_key_is_real_and_with_all_keys_there_is_no_emulator()
    {
        await using var one = await AppHostModel.DescribeAsync("--Storage=embedded", "--Parameters:gemini-api-key=k");
        await using var all = await AppHostModel.DescribeAsync("--Storage=embedded", "--Parameters:gemini-api-key=k", "--Parameters:groq-api-key=k", "--Parameters:openai-api-key=k");

        Assert.True(one.Has("gemini-api-key"));
        Assert.True(one.Has("emulator"));
        Assert.False(all.Has("emulator"));
        Assert.True(((ParameterResource)all.Find("openai-api-key")).Secret);
    }

    [Fact]
    public async Task Publish_mode_has_MongoDB_and_no_emulator_and_every_secret_is_a_parameter()
    {
        await using var builder = await AppHostModel.DescribePublishedAsync("--Storage=mongo");

        Assert.False(builder.Has("emulator"));
        Assert.True(builder.Has("mongo"));
        foreach (var secret in new[] { "gateway-token", "gemini-api-key", "groq-api-key", "openai-api-key", "admin-key" })
        {
            Assert.True(((ParameterResource)builder.Find(secret)).Secret, secret);
        }
    }

    [Fact]
    public async Task The_gateway_is_published_with_its_token_and_the_providers_keys()
    {
        await using var builder = await AppHostModel.DescribePublishedAsync("--Storage=mongo");

        var environment = await builder.PublishedEnvironmentAsync("aigateway");

        Assert.Equal("{gateway-token.value}", environment["Gateway__Token"]);
        Assert.Equal("{gemini-api-key.value}", environment["Gateway__Providers__gemini__ApiKey"]);
        Assert.Equal("{groq-api-key.value}", environment["Gateway__Providers__groq__ApiKey"]);
        Assert.Equal("{openai-api-key.value}", environment["Gateway__Providers__openai__ApiKey"]);
        Assert.DoesNotContain(environment.Keys, name => name.EndsWith("BaseUrl", StringComparison.Ordinal));
        Assert.Equal("true", environment["ASPNETCORE_FORWARDEDHEADERS_ENABLED"]);
    }

    [Fact]
    public async Task The_API_is_published_with_the_gateway_the_database_and_the_admin_key()
    {
        await using var builder = await AppHostModel.DescribePublishedAsync("--Storage=mongo");

        var environment = await builder.PublishedEnvironmentAsync("api");

        Assert.Equal("{aigateway.bindings.http.url}", environment["services__aigateway__http__0"]);
        Assert.Equal("{gateway-token.value}", environment["Gateway__Token"]);
        Assert.Equal("{masterx.connectionString}", environment["ConnectionStrings__masterx"]);
        Assert.Equal("{admin-key.value}", environment["MASTERX_ADMIN_KEY"]);
        Assert.Equal("{cors-origins.value}", environment["CORS_ORIGINS"]);
        Assert.Equal("mongo", environment["Storage"]);
    }
}
