using MasterX.Api.Ai;
using MasterX.Api.Http;
using MasterX.Api.Keys;
using MasterX.Api.Storage;
using MasterX.Api.Users;
using MasterX.ServiceDefaults;
using MasterX.ServiceDefaults.Startup;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults();
builder.AddHttpDefaults();
builder.AddConsumerKeys();
builder.AddStorage();
builder.AddAi();

var app = builder.Build();
app.UseServiceDefaults();
app.UseHttpDefaults();
app.MapDefaultEndpoints();
app.MapInfo();
app.MapAi();
app.MapUsers();

return await app.RunServiceAsync();
