using MasterX.ProviderEmulator.Faults;
using MasterX.ProviderEmulator.Wire;
using MasterX.ServiceDefaults;
using MasterX.ServiceDefaults.Startup;

var builder = WebApplication.CreateSlimBuilder(args);
builder.AddServiceDefaults();
builder.Services.AddSingleton<FaultTable>();
builder.Services.AddSingleton<KeptResponses>();

var app = builder.Build();
app.UseServiceDefaults();
app.UseMiddleware<FaultMiddleware>();
app.MapDefaultEndpoints();
app.MapFaults();
app.MapOpenAiWire();
app.MapGeminiWire();
app.MapAnthropicWire();

return await app.RunServiceAsync();
