using Microsoft.Extensions.Configuration;

namespace MasterX.Tests.Hosts;

/// <summary>Settings a test changes while the service runs, as a changed file would.</summary>
internal sealed class ReloadableSettings : ConfigurationProvider, IConfigurationSource
{
    public IConfigurationProvider Build(IConfigurationBuilder builder) => this;

    public void Change(params IEnumerable<(string Key, string? Value)> settings)
    {
        foreach (var (key, value) in settings)
        {
            Set(key, value);
        }

        OnReload();
    }
}
