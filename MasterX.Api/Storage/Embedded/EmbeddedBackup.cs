namespace MasterX.Api.Storage.Embedded;

/// <summary><c>--backup FILE</c>: copies the embedded database to a file, whole and consistent, while the service goes on reading and writing it; then ends.</summary>
internal static class EmbeddedBackup
{
    private const string Switch = "--backup";

    public static bool IsAskedFor(string[] args) => args.Contains(Switch);

    /// <returns>The exit code: 0, 64 (<c>EX_USAGE</c>) or 74 (<c>EX_IOERR</c>) of sysexits.h.</returns>
    public static async Task<int> BackUpAsync(this WebApplication app, string[] args)
    {
        if (args.SkipWhile(argument => argument != Switch).Skip(1).FirstOrDefault() is not { Length: > 0 } file || app.Services.GetService<EmbeddedDatabase>() is not { } database)
        {
            await Console.Error.WriteLineAsync($"{Switch} needs a file to write, and Storage=embedded; MongoDB has mongodump.");
            return 64;
        }

        try
        {
            var bytes = database.BackUp(Path.GetFullPath(file));
            await Console.Out.WriteLineAsync($"The database was copied to {Path.GetFullPath(file)} ({bytes} bytes). To restore it, stop the service and put the file in the place of masterx.db.");
            return 0;
        }
        catch (Exception error) when (error is StorageException or IOException or UnauthorizedAccessException)
        {
            await Console.Error.WriteLineAsync($"The backup failed: {error.Message}");
            return 74;
        }
    }
}
