namespace MasterX.Api.Storage.Embedded;

/// <summary>
/// What operators do with the database's file, and the process ends then: <c>--backup FILE</c> copies it, whole and consistent, while the service goes on with it;
/// <c>--restore FILE</c> puts a copy in its place; <c>--vacuum</c> gives the room of what was deleted back to the disk.
/// </summary>
internal static class EmbeddedTool
{
    private static readonly string[] Switches = ["--backup", "--restore", "--vacuum"];

    public static bool IsAskedFor(string[] args) => args.Any(Switches.Contains);

    /// <returns>The exit code: 0, 64 (<c>EX_USAGE</c>) or 74 (<c>EX_IOERR</c>) of sysexits.h.</returns>
    public static async Task<int> RunEmbeddedToolAsync(this WebApplication app, string[] args)
    {
        var asked = Switches.First(args.Contains);
        var file = args.SkipWhile(argument => argument != asked).Skip(1).FirstOrDefault();
        if (app.Services.GetService<EmbeddedDatabase>() is not { } database)
        {
            return await RefuseAsync($"{asked} needs Storage=embedded; MongoDB has mongodump, mongorestore and compact.");
        }

        if (asked != "--vacuum" && file is not { Length: > 0 })
        {
            return await RefuseAsync($"{asked} needs a file.");
        }

        try
        {
            await Console.Out.WriteLineAsync(asked switch
            {
                "--backup" => BackUp(database, Path.GetFullPath(file!)),
                "--restore" => Restore(database, Path.GetFullPath(file!)),
                _ => Vacuum(database),
            });
            return 0;
        }
        catch (Exception error) when (error is StorageException or IOException or UnauthorizedAccessException)
        {
            await Console.Error.WriteLineAsync($"{asked} failed: {error.Message}");
            return 74;
        }

        static async Task<int> RefuseAsync(string why)
        {
            await Console.Error.WriteLineAsync(why);
            return 64;
        }
    }

    private static string BackUp(EmbeddedDatabase database, string file) =>
        $"The database was copied to {file} ({database.BackUp(file)} bytes). To restore it: ./masterx restore {file}";

    private static string Restore(EmbeddedDatabase database, string file)
    {
        var replaced = database.Restore(file);
        return $"""
            {database.FileName} is now what {file} was, checked whole.{(replaced is null ? "" : $" What was there before is kept in {replaced}.")}
            Users who were erased since that copy was made are in it again: delete them before the service takes calls.
            """;
    }

    private static string Vacuum(EmbeddedDatabase database)
    {
        var (before, after) = database.Vacuum();
        return $"{database.FileName} had {before} bytes, and has {after}.";
    }
}
