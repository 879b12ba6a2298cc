namespace MasterX.ServiceDefaults.Configuration;

/// <summary>A setting without which the service cannot do its work.</summary>
/// <param name="Key">Configuration key, for example <c>Gateway:Token</c>.</param>
/// <param name="Purpose">What it is for, as the end of a sentence.</param>
/// <param name="Example">A value that would do; never a real secret.</param>
public sealed record RequiredSetting(string Key, string Purpose, string Example)
{
    /// <summary>The environment variable that sets it, for example <c>Gateway__Token</c>.</summary>
    public string Variable => Key.Replace(":", "__", StringComparison.Ordinal);
}
