using Microsoft.Extensions.Configuration;

// What is said here is all there is to the composition; README.md tells what each setting does.
//   Storage=mongo|embedded   DataDirectory=PATH   Replicas=N   Parameters:{provider}-api-key=KEY
var builder = DistributedApplication.CreateBuilder(args);

var storage = builder.Configuration["Storage"] ?? "mongo";
var dataDirectory = builder.Configuration["DataDirectory"];
var replicas = builder.Configuration.GetValue("Replicas", 1);

// The gateway's bearer token is made anew for every run unless given. Whoever deploys gives the first admin key.
var gatewayToken = builder.AddParameter("gateway-token", new GenerateParameterDefault { MinLength = 32, Special = false }, secret: true);

var gateway = builder.AddProject<Projects.MasterX_AiGateway>("aigateway")
    .WithEnvironment("Gateway__Token", gatewayToken)
    .WithHttpHealthCheck("/health/ready")
    .WithUrlForEndpoint("http", url => url.DisplayText = "AI gateway");

var api = builder.AddProject<Projects.MasterX_Api>("api")
    .WithReference(gateway)
    .WithEnvironment("Gateway__Token", gatewayToken)
    .WithEnvironment("Storage", storage)
    .WithExternalHttpEndpoints()
    .WithReplicas(replicas)
    .WithHttpHealthCheck("/health/ready")
    .WithUrlForEndpoint("http", url => url.DisplayText = "API")
    .WaitFor(gateway);

if (storage is not "embedded")
{
    var database = builder.AddMongoDB("mongo")
        .WithDataVolume()
        .WithLifetime(ContainerLifetime.Persistent)
        .AddDatabase("masterx");

    api.WithReference(database).WaitFor(database);
}
else if (dataDirectory is not null)
{
    api.WithEnvironment("Embedded__Directory", dataDirectory);
}

if (builder.ExecutionContext.IsPublishMode)
{
    api.WithEnvironment("MASTERX_ADMIN_KEY", builder.AddParameter("admin-key", secret: true))
        .WithEnvironment("CORS_ORIGINS", builder.AddParameter("cors-origins"));
}

// Gemini, then Groq, then OpenAI. On a developer's machine the emulator stands in for each provider without a key; it is never published.
IResourceBuilder<ProjectResource>? emulator = null;
foreach (var provider in new[] { "gemini", "groq", "openai" })
{
    if (builder.ExecutionContext.IsPublishMode || HasKey(provider))
    {
        gateway.WithEnvironment($"Gateway__Providers__{provider}__ApiKey", builder.AddParameter($"{provider}-api-key", secret: true));
        continue;
    }

    emulator ??= builder.AddProject<Projects.MasterX_ProviderEmulator>("emulator")
        .WithHttpHealthCheck("/health/ready")
        .WithUrlForEndpoint("http", url => url.DisplayText = "Provider emulator");

    gateway.WithEnvironment($"Gateway__Providers__{provider}__BaseUrl", $"{emulator.GetEndpoint("http")}/{provider}")
        .WithEnvironment($"Gateway__Providers__{provider}__ApiKey", "emulated");
}

if (emulator is not null)
{
    gateway.WithReference(emulator).WaitFor(emulator);
}

builder.Build().Run();

// A hyphen cannot stand in the name of an environment variable: an underscore does as well.
bool HasKey(string provider) =>
    !string.IsNullOrEmpty(builder.Configuration[$"Parameters:{provider}-api-key"] ?? builder.Configuration[$"Parameters:{provider}_api_key"]);
