using System.Collections.Concurrent;
using Microsoft.Extensions.Primitives;

namespace MasterX.AiGateway;

/// <summary>
/// The files the configuration is read from. One that cannot be read after a change loses all it held, so no configuration is taken over
/// until it can be read again.
/// </summary>
internal sealed partial class SettingsFiles
{
    private readonly ConcurrentDictionary<FileConfigurationProvider, IChangeToken> _unreadable = new();
    private readonly ILogger _logger;

    public SettingsFiles(IConfiguration configuration, ILogger logger)
    {
        _logger = logger;
        foreach (var file in (configuration as IConfigurationRoot)?.Providers.OfType<FileConfigurationProvider>() ?? [])
        {
            file.Source.OnLoadException = Note;
        }
    }

    /// <summary>The path of one that could not be read when it was last tried.</summary>
    public string? Unreadable => _unreadable.FirstOrDefault(file => !file.Value.HasChanged).Key?.Source.Path;

    private void Note(FileLoadExceptionContext failure)
    {
        // The provider's token changes when it has been read, and not now.
        _unreadable[failure.Provider] = failure.Provider.GetReloadToken();
        LogUnreadable(_logger, failure.Provider.Source.Path, failure.Exception.InnerException?.Message ?? failure.Exception.Message);
    }

    [LoggerMessage(35, LogLevel.Error, "{File} cannot be read, and the old configuration stays in force. {Problem}")]
    private static partial void LogUnreadable(ILogger logger, string? file, string problem);
}
