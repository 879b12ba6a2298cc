using MasterX.AiGateway;
using MasterX.ServiceDefaults;
using MasterX.ServiceDefaults.Http;
using MasterX.ServiceDefaults.Startup;

var builder = WebApplication.CreateSlimBuilder(args);
builder.PreferInlineSockets();
builder.AddServiceDefaults();
builder.AddGateway();

var app = builder.Build();
app.UseServiceDefaults();
app.MapDefaultEndpoints();
app.MapGateway();

return await app.RunServiceAsync();
