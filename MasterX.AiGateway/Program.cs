using MasterX.AiGateway;
using MasterX.AiGateway.Prices;
using MasterX.ServiceDefaults;
using MasterX.ServiceDefaults.Http;
using MasterX.ServiceDefaults.Startup;

var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { Args = args, ContentRootPath = ContentRoot.Find(args) });
if (PricesCommand.IsAskedFor(args))
{
    return PricesCommand.Run(builder.Configuration, args, Console.Out);
}

builder.PreferInlineSockets();
builder.ListenOnPlatformPort();
builder.AddServiceDefaults();
builder.AddGateway();

var app = builder.Build();
app.UseServiceDefaults();
app.MapDefaultEndpoints();
app.MapGateway();

return await app.RunServiceAsync();
