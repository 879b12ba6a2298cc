namespace MasterX.Api.Storage.Embedded;

/// <summary>Sets up the embedded database in <c>Embedded:Directory</c>, else in the user's data folder; <c>Embedded:BusyTimeout</c> is how long another process that writes is waited for.</summary>
internal static class EmbeddedStorage
{
    public static void AddEmbeddedStorage(this WebApplicationBuilder builder)
    {
        var directory = builder.Configuration["Embedded:Directory"] ?? Path.Combine(
            Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.DoNotVerify), "masterx", "data");
        builder.Services.AddSingleton(_ => new EmbeddedDatabase(Path.GetFullPath(directory), builder.Configuration.GetValue("Embedded:BusyTimeout", EmbeddedDatabase.DefaultBusyTimeout)));
        builder.Services.AddSingleton<IDatabase>(services => services.GetRequiredService<EmbeddedDatabase>());
        builder.Services.AddSingleton<IUserStore, EmbeddedUserStore>();
        builder.Services.AddSingleton<IGenerationStore, EmbeddedGenerationStore>();
        builder.Services.AddSingleton<IKeyStore, EmbeddedKeyStore>();
        builder.Services.AddSingleton<IUsageStore, EmbeddedUsageStore>();
        builder.Services.AddSingleton<Calls.ICallStore, EmbeddedCallStore>();
        builder.Services.AddSingleton<IIdempotencyStore, EmbeddedIdempotencyStore>();
    }
}
