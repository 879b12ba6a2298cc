using MasterX.ServiceDefaults.Configuration;

namespace MasterX.Api.Storage.Embedded;

/// <summary>Sets up the embedded database in <c>Embedded:Directory</c>, else in the user's data folder; <c>Embedded:BusyTimeout</c> is how long another process that writes is waited for, <c>Embedded:MostMegabytes</c> how large the file may become.</summary>
internal static class EmbeddedStorage
{
    private const string LeastFree = "Embedded:LeastFreeMegabytes", Most = "Embedded:MostMegabytes";

    public static void AddEmbeddedStorage(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton<IConfigurationRule, MegabytesRule>();
        var directory = builder.Configuration["Embedded:Directory"] ?? Path.Combine(
            Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.DoNotVerify), "masterx", "data");
        builder.Services.AddSingleton(services => new EmbeddedDatabase(
            Path.GetFullPath(directory), builder.Configuration.GetValue("Embedded:BusyTimeout", EmbeddedDatabase.DefaultBusyTimeout),
            builder.Configuration.GetValue(LeastFree, EmbeddedDatabase.DefaultLeastFreeMegabytes), builder.Configuration.GetValue(Most, 0), services.GetService<ILogger<EmbeddedDatabase>>()));
        builder.Services.AddSingleton<IDatabase>(services => services.GetRequiredService<EmbeddedDatabase>());
        builder.Services.AddSingleton<IUserStore, EmbeddedUserStore>();
        builder.Services.AddSingleton<IGenerationStore, EmbeddedGenerationStore>();
        builder.Services.AddSingleton<IKeyStore, EmbeddedKeyStore>();
        builder.Services.AddSingleton<Audit.IAuditStore, EmbeddedAuditStore>();
        builder.Services.AddSingleton<Projects.IProjectStore, EmbeddedProjectStore>();
        builder.Services.AddSingleton<Calls.IBudgetAlertStore, EmbeddedBudgetAlertStore>();
        builder.Services.AddSingleton<IUsageStore, EmbeddedUsageStore>();
        builder.Services.AddSingleton<Calls.ICallStore, EmbeddedCallStore>();
        builder.Services.AddSingleton<IIdempotencyStore, EmbeddedIdempotencyStore>();
    }

    private sealed class MegabytesRule(IConfiguration configuration) : IConfigurationRule
    {
        public IEnumerable<string> FindProblems() => new[] { LeastFree, Most }
            .Where(setting => configuration[setting] is { } value && !(int.TryParse(value, System.Globalization.CultureInfo.InvariantCulture, out var megabytes) && megabytes >= 0))
            .Select(setting => $"{setting.Replace(":", "__", StringComparison.Ordinal)} is '{configuration[setting]}'; it must be a number of MiB, 0 or more.");
    }
}
