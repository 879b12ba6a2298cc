// Arguments: the address to listen on, the address to forward to.
var builder = WebApplication.CreateSlimBuilder();
builder.Logging.ClearProviders();
builder.WebHost.UseUrls(args[0]);
builder.Services.AddReverseProxy().LoadFromMemory(
    [new() { RouteId = "all", ClusterId = "mock", Match = new() { Path = "/{**rest}" } }],
    [new() { ClusterId = "mock", Destinations = new Dictionary<string, Yarp.ReverseProxy.Configuration.DestinationConfig> { ["mock"] = new() { Address = args[1] } } }]);
var app = builder.Build();
app.MapReverseProxy();
app.Run();
