using MasterX.AiGateway;
using MasterX.AiGateway.Http;
using MasterX.ServiceDefaults;
using MasterX.ServiceDefaults.Startup;

var builder = WebApplication.CreateSlimBuilder(args);
builder.AddServiceDefaults();
builder.AddGateway();
builder.PreferInlineSockets();

var app = builder.Build();
app.UseServiceDefaults();
app.MapDefaultEndpoints();
app.MapGateway();

return await app.RunServiceAsync();
