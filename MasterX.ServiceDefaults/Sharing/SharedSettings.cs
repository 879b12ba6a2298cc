using System.Globalization;
using MasterX.ServiceDefaults.Configuration;
using Microsoft.Extensions.Configuration;
using StackExchange.Redis;

namespace MasterX.ServiceDefaults.Sharing;

/// <summary>What the configuration says of the Redis through which replicas share their limits.</summary>
internal sealed record SharedSettings
{
    /// <summary>The connection string: <c>ConnectionStrings__redis</c>, which Aspire injects.</summary>
    public const string ConnectionKey = "ConnectionStrings:redis";

    private const int MostReplicas = 1000;

    /// <summary>How to connect.</summary>
    public required ConfigurationOptions Connection { get; init; }

    /// <summary>How many replicas there are, of which each has its share while Redis cannot be had: <c>Redis__Replicas</c>.</summary>
    public int Replicas { get; init; } = 1;

    /// <summary>For how long a request waits for Redis at most: <c>Redis__Wait</c>.</summary>
    public TimeSpan Wait { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>After how long without a word from a replica its calls at once are free again: <c>Redis__Lease</c>.</summary>
    public TimeSpan Lease { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>What every key begins with, in braces, so that a cluster keeps all of them in one place: <c>Redis__Prefix</c>.</summary>
    public string Prefix { get; init; } = "masterx";

    /// <summary>Where Redis is, without anything secret.</summary>
    public string Address => Connection.EndPoints[0] switch
    {
        System.Net.DnsEndPoint name => string.Create(CultureInfo.InvariantCulture, $"{name.Host}:{name.Port}"),
        var other => other.ToString()!,
    };

    /// <summary>Whether limits are to be shared at all.</summary>
    public static bool AreGiven(IConfiguration configuration) => !string.IsNullOrWhiteSpace(configuration[ConnectionKey]);

    /// <summary>Reads the settings.</summary>
    /// <param name="configuration">The whole configuration.</param>
    /// <param name="problems">What is wrong with them.</param>
    /// <returns><see langword="null"/> when something is.</returns>
    public static SharedSettings? Read(IConfiguration configuration, out IReadOnlyList<string> problems)
    {
        List<string> found = [];
        var connection = Parse(configuration[ConnectionKey]!, found);
        var replicas = Number(configuration, "Replicas", 1, found);
        var wait = Time(configuration, "Wait", TimeSpan.FromMilliseconds(100), TimeSpan.FromMilliseconds(5), TimeSpan.FromSeconds(10), found);
        var lease = Time(configuration, "Lease", TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(10), found);
        var prefix = configuration["Redis:Prefix"] is { Length: > 0 } own ? own : "masterx";
        if (prefix.Length > 64 || !prefix.All(character => char.IsAsciiLetterOrDigit(character) || character is '-' or '_' or '.'))
        {
            found.Add("Redis__Prefix must be up to 64 letters, digits, '-', '_' and '.'.");
        }

        problems = found;
        return found.Count > 0 ? null : new SharedSettings { Connection = connection!, Replicas = replicas, Wait = wait, Lease = lease, Prefix = prefix };
    }

    /// <summary>A connection string may hold a password: nothing of it is ever quoted.</summary>
    private static ConfigurationOptions? Parse(string text, List<string> problems)
    {
        const string Example = "Example: ConnectionStrings__redis=redis.internal:6379,password=…,ssl=true";
        if (text.Contains("://", StringComparison.Ordinal))
        {
            problems.Add($"ConnectionStrings__redis is a URL; it must be host:port, followed by options. {Example}");
            return null;
        }

        try
        {
            var options = ConfigurationOptions.Parse(text, ignoreUnknown: false);
            if (options.EndPoints.Count > 0)
            {
                return options;
            }

            problems.Add($"ConnectionStrings__redis names no host. {Example}");
        }
        catch (Exception unreadable) when (unreadable is ArgumentException or FormatException or OverflowException or InvalidOperationException)
        {
            problems.Add($"ConnectionStrings__redis cannot be read: one of its parts is neither host:port nor an option that exists, with a value that it can have. {Example}");
        }

        return null;
    }

    private static int Number(IConfiguration configuration, string name, int otherwise, List<string> problems)
    {
        if (configuration[$"Redis:{name}"] is not { Length: > 0 } text)
        {
            return otherwise;
        }

        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number is >= 1 and <= MostReplicas)
        {
            return number;
        }

        problems.Add($"Redis__{name} is '{text}'; it must be a whole number from 1 to {MostReplicas}.");
        return otherwise;
    }

    private static TimeSpan Time(IConfiguration configuration, string name, TimeSpan otherwise, TimeSpan shortest, TimeSpan longest, List<string> problems)
    {
        if (configuration[$"Redis:{name}"] is not { Length: > 0 } text)
        {
            return otherwise;
        }

        // A bare number would be days.
        if (text.Contains(':', StringComparison.Ordinal) && TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out var time) && time >= shortest && time <= longest)
        {
            return time;
        }

        problems.Add($"Redis__{name} is '{text}'; it must be a time from {shortest:c} to {longest:c}. Example: Redis__{name}={otherwise:c}");
        return otherwise;
    }

    /// <summary>Checks the settings with all others, before anything starts.</summary>
    internal sealed class Rule(IConfiguration configuration) : IConfigurationRule
    {
        /// <inheritdoc/>
        public IEnumerable<string> FindProblems()
        {
            Read(configuration, out var problems);
            return problems;
        }
    }
}
