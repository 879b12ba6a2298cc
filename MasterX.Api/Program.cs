using MasterX.Api.Ai;
using MasterX.Api.Anthropic;
using MasterX.Api.Calls;
using MasterX.Api.Http;
using MasterX.Api.Keys;
using MasterX.Api.OpenAi;
using MasterX.Api.Storage;
using MasterX.Api.Storage.Embedded;
using MasterX.Api.Usage;
using MasterX.Api.Users;
using MasterX.ServiceDefaults;
using MasterX.ServiceDefaults.Http;
using MasterX.ServiceDefaults.Startup;

var builder = WebApplication.CreateBuilder(new WebApplicationOptions { Args = args, ContentRootPath = ContentRoot.Find(args) });
builder.PreferInlineSockets();
builder.ListenOnPlatformPort();
builder.AddServiceDefaults();
builder.AddHttpDefaults();
builder.AddConsumerKeys();
builder.AddStorage();
builder.AddCalls();
builder.AddUsers();
builder.AddAi();
builder.AddOpenAi();

var app = builder.Build();
app.UseServiceDefaults();
app.UseHttpDefaults();
app.MapDefaultEndpoints();
app.MapInfo();
app.MapAi();
app.MapUsers();
app.MapKeys();
app.MapUsage();
app.MapOpenAi();
app.MapAnthropic();

return EmbeddedBackup.IsAskedFor(args) ? await app.BackUpAsync(args) : await app.RunServiceAsync();
