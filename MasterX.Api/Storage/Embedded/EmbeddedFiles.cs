namespace MasterX.Api.Storage.Embedded;

/// <summary>Makes the database's files readable for their owner alone: what is in them is nobody else's, nor another user's of the machine.</summary>
internal static class EmbeddedFiles
{
    public const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>Makes a file, if it is missing, and its folder; SQLite gives the files beside it the mode that it has.</summary>
    /// <exception cref="IOException">It cannot be made.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be made.</exception>
    public static void Make(string file)
    {
        MakeFolder(file);
        if (OperatingSystem.IsWindows())
        {
            File.Open(file, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete).Dispose();
            return;
        }

        if (!File.Exists(file))
        {
            new FileStream(file, new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.ReadWrite, Share = FileShare.ReadWrite | FileShare.Delete, UnixCreateMode = OwnerOnly }).Dispose();
        }

        foreach (var made in new[] { file, file + "-wal", file + "-shm" })
        {
            try
            {
                if (File.Exists(made) && File.GetUnixFileMode(made) != OwnerOnly)
                {
                    File.SetUnixFileMode(made, OwnerOnly);
                }
            }
            catch (UnauthorizedAccessException)
            {
                // Another's, which this user may write all the same.
            }
        }
    }

    /// <summary>Makes the folder of a file, if it is missing; one that is there already may be others' too, and is left as it is.</summary>
    public static void MakeFolder(string file)
    {
        var folder = Path.GetDirectoryName(file)!;
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(folder);
        }
        else if (!Directory.Exists(folder))
        {
            Directory.CreateDirectory(folder, OwnerOnly | UnixFileMode.UserExecute);
        }
    }

    /// <summary>Whether this process still has a file open that was removed since, or has had another put in its place; found on Linux alone.</summary>
    public static bool IsOpenWithoutName(string file)
    {
        const string Descriptors = "/proc/self/fd";
        return Directory.Exists(Descriptors) && Directory.EnumerateFiles(Descriptors).Any(descriptor => TargetOf(descriptor) == file + " (deleted)");

        static string? TargetOf(string descriptor)
        {
            try
            {
                return new FileInfo(descriptor).LinkTarget;
            }
            catch (IOException)
            {
                // Closed in between.
                return null;
            }
        }
    }
}
