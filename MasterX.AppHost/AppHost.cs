using System.Globalization;
using MasterX.AppHost;

// What is said here is all there is to the composition; README.md tells what each setting does.
//   Storage=mongo|embedded   DataDirectory=PATH   ConnectionStrings:masterx=URL   Redis=true   Replicas=N   Ports:{service}=N   Parameters:{provider}-api-key=KEY
var builder = DistributedApplication.CreateBuilder(args);
var settings = CompositionSettings.Read(builder);

// The gateway's bearer token is made anew for every run unless given. So is the first admin key; whoever deploys gives one.
var gatewayToken = builder.AddParameter("gateway-token", new GenerateParameterDefault { MinLength = 32, Special = false }, secret: true)
    .WithDescription("What the API shows to the gateway, which lets nobody in without it.");
var adminKey = builder.AddAdminKey("admin-key")
    .WithDescription("The first key of the API: it makes the others, at `POST /api/keys` or by **Make a key** on the API.", enableMarkdown: true);

var gateway = builder.AddProject<Projects.MasterX_AiGateway>("aigateway")
    .AsMasterXService("AI gateway")
    .WithEnvironment("Gateway__Token", gatewayToken);

var api = builder.AddProject<Projects.MasterX_Api>("api")
    .WithUrlForEndpoint("http", _ => new() { Url = "/docs", DisplayText = "API docs" })
    .WithUrlForEndpoint("http", _ => new() { Url = "/openapi/v1.json", DisplayText = "OpenAPI" })
    .AsMasterXService("API", settings.Replicas)
    .WithMakeKeyCommand(adminKey)
    .WithExternalHttpEndpoints()
    .WithReference(gateway)
    .WaitFor(gateway)
    .WithEnvironment("Gateway__Token", gatewayToken)
    .WithEnvironment("MASTERX_ADMIN_KEY", adminKey)
    .WithEnvironment("Storage", settings.Storage);

// MongoDB lives as long as this run; its volume stays. A connection string that is given takes its place.
if (settings.HasConnectionString)
{
    api.WithReference(builder.AddConnectionString("masterx"));
}
else if (settings.Storage is StorageKind.Mongo)
{
    var database = builder.AddMongoDB("mongo").WithDataVolume().AddDatabase("masterx");
    api.WithReference(database).WaitFor(database);
}
else if (settings.DataDirectory is { } directory)
{
    api.WithEnvironment("Embedded__Directory", directory);
}

if (settings.Redis)
{
    var redis = builder.AddRedis("redis").WithPromptStop();
    gateway.WithReference(redis).WaitFor(redis);
    api.WithReference(redis).WaitFor(redis)
        .WithEnvironment("Redis__Replicas", settings.Replicas.ToString(CultureInfo.InvariantCulture));
}

if (builder.ExecutionContext.IsPublishMode)
{
    api.WithEnvironment("CORS_ORIGINS", builder.AddParameter("cors-origins")
        .WithDescription("The origins whose pages may call the API in a browser, separated by commas, or `none`.", enableMarkdown: true));
}

// Gemini, then Groq, then OpenAI. On a developer's machine the emulator stands in for each that has no key; it is never published.
IResourceBuilder<ProjectResource>? emulator = null;
foreach (var provider in Provider.Chain)
{
    if (builder.ExecutionContext.IsPublishMode || settings.IsGiven(provider.KeyParameter))
    {
        gateway.WithProvider(provider, builder.AddParameter(provider.KeyParameter, secret: true).WithDescription(provider.KeyDescription, enableMarkdown: true));
        continue;
    }

    emulator ??= builder.AddProject<Projects.MasterX_ProviderEmulator>("emulator")
        .AsMasterXService("Provider emulator")
        .WithFaultCommands();
    gateway.WithEmulatedProvider(provider, emulator);
}

if (emulator is not null)
{
    gateway.WithReference(emulator).WaitFor(emulator);
}

return await builder.RunAsync(settings);
