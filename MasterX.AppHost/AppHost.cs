using System.Security.Cryptography;
using Microsoft.Extensions.Configuration;

// What is said here is all there is to the composition; README.md tells what each setting does.
//   Storage=mongo|embedded   DataDirectory=PATH   Replicas=N   Parameters:{provider}-api-key=KEY
var builder = DistributedApplication.CreateBuilder(args);

var storage = builder.Configuration["Storage"] ?? "mongo";
var dataDirectory = builder.Configuration["DataDirectory"];
var replicas = builder.Configuration.GetValue("Replicas", 1);

// The gateway's bearer token is made anew for every run unless given.
var gatewayToken = builder.AddParameter("gateway-token", new GenerateParameterDefault { MinLength = 32, Special = false }, secret: true);

// So is the first admin key, which is shown this once; whoever deploys gives one.
var adminKey = builder.ExecutionContext.IsPublishMode || IsGiven("admin-key")
    ? builder.AddParameter("admin-key", secret: true)
    : builder.AddParameter("admin-key", NewAdminKey(), secret: true);

var gateway = builder.AddProject<Projects.MasterX_AiGateway>("aigateway")
    .WithEnvironment("Gateway__Token", gatewayToken)
    .WithHttpHealthCheck("/health/ready")
    .WithUrlForEndpoint("http", url => url.DisplayText = "AI gateway");

var api = builder.AddProject<Projects.MasterX_Api>("api")
    .WithReference(gateway)
    .WithEnvironment("Gateway__Token", gatewayToken)
    .WithEnvironment("MASTERX_ADMIN_KEY", adminKey)
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
    api.WithEnvironment("CORS_ORIGINS", builder.AddParameter("cors-origins"));
}

// Gemini, then Groq, then OpenAI. On a developer's machine the emulator stands in for each provider without a key; it is never published.
IResourceBuilder<ProjectResource>? emulator = null;
foreach (var provider in new[] { "gemini", "groq", "openai" })
{
    if (builder.ExecutionContext.IsPublishMode || IsGiven($"{provider}-api-key"))
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
bool IsGiven(string parameter) =>
    !string.IsNullOrEmpty(builder.Configuration[$"Parameters:{parameter}"] ?? builder.Configuration[$"Parameters:{parameter.Replace('-', '_')}"]);

static string NewAdminKey()
{
    var key = $"mx_{RandomNumberGenerator.GetString("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", 43)}";
    Console.WriteLine($"The admin key of this run, shown this once: {key}");
    return key;
}
