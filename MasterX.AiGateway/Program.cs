using MasterX.AiGateway;
using MasterX.ServiceDefaults;
using MasterX.ServiceDefaults.Http;
using MasterX.ServiceDefaults.Startup;

var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { Args = args, ContentRootPath = ContentRoot.Find(args) });
builder.PreferInlineSockets();
builder.ListenOnPlatformPort();
builder.AddServiceDefaults();
builder.AddGateway();

var app = builder.Build();
app.UseServiceDefaults();
app.MapDefaultEndpoints();
app.MapGateway();

return await app.RunServiceAsync();
