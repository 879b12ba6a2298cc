using System.Text;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace MasterX.ServiceDefaults.Configuration;

/// <summary>Looks at the whole configuration before anything starts, and reports all that is wrong with it at once.</summary>
public sealed class ConfigurationCheck(IConfiguration configuration, IEnumerable<RequiredSetting> required, IEnumerable<IConfigurationRule> rules)
{
    /// <summary>All problems, one sentence each; empty when the service can start.</summary>
    public IReadOnlyList<string> FindProblems()
    {
        var missing = required
            .Where(setting => string.IsNullOrWhiteSpace(configuration[setting.Key]))
            .Select(setting => $"{setting.Variable} is missing: {setting.Purpose}. Example: {setting.Variable}={setting.Example}");
        return [.. missing, .. rules.SelectMany(rule => rule.FindProblems())];
    }

    /// <summary>Throws when there are problems.</summary>
    /// <exception cref="ConfigurationException">Lists all of them.</exception>
    public void ThrowIfInvalid(string serviceName)
    {
        var problems = FindProblems();
        if (problems.Count == 0)
        {
            return;
        }

        var message = new StringBuilder($"{serviceName} cannot start: {problems.Count} configuration problem{(problems.Count == 1 ? "" : "s")}.");
        foreach (var problem in problems)
        {
            message.AppendLine().Append("  - ").Append(problem);
        }

        throw new ConfigurationException(message.ToString());
    }
}

/// <summary>Checks something about the configuration that a missing value alone does not tell.</summary>
public interface IConfigurationRule
{
    /// <summary>Problems, one sentence each, that name the variable and say what to do. Values of secrets are never part of them.</summary>
    IEnumerable<string> FindProblems();
}

/// <summary>The configuration does not let the service start; the message lists every problem.</summary>
/// <param name="message">All problems.</param>
public sealed class ConfigurationException(string message) : Exception(message);

/// <summary>Adds settings and rules to the <see cref="ConfigurationCheck"/>.</summary>
public static class ConfigurationCheckExtensions
{
    /// <summary>Says that the service needs a setting.</summary>
    public static TBuilder AddRequiredSetting<TBuilder>(this TBuilder builder, RequiredSetting setting)
        where TBuilder : IHostApplicationBuilder
    {
        builder.Services.AddSingleton(setting);
        return builder;
    }

    internal static void AddConfigurationCheck(this IHostApplicationBuilder builder) => builder.Services.AddSingleton<ConfigurationCheck>();
}
