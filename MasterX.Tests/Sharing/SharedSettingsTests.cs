using MasterX.ServiceDefaults.Sharing;
using Microsoft.Extensions.Configuration;

namespace MasterX.Tests.Sharing;

/// <summary>What is wrong with the settings is said before anything starts, without a secret.</summary>
public sealed class SharedSettingsTests
{
    [Theory]
    [InlineData("ConnectionStrings:redis", "redis://:the-secret@cache:6379", "ConnectionStrings__redis is a URL")]
    [InlineData("ConnectionStrings:redis", "cache:6379,passwort=the-secret", "ConnectionStrings__redis cannot be read")]
    [InlineData("ConnectionStrings:redis", "password=the-secret", "ConnectionStrings__redis names no host")]
    [InlineData("Redis:Replicas", "0", "Redis__Replicas is '0'; it must be a whole number from 1")]
    [InlineData("Redis:Wait", "100", "Redis__Wait is '100'; it must be a time from")]
    [InlineData("Redis:Lease", "00:00:00.1", "Redis__Lease is '00:00:00.1'; it must be a time from")]
    [InlineData("Redis:Prefix", "a b", "Redis__Prefix must be")]
    public void A_problem_is_told(string name, string value, string problem)
    {
        Assert.Null(SharedSettings.Read(Of((name, value)), out var problems));

        Assert.StartsWith(problem, Assert.Single(problems), StringComparison.Ordinal);
        Assert.DoesNotContain("the-secret", problems[0], StringComparison.Ordinal);
    }

    [Fact]
    public void What_Aspire_injects_is_understood()
    {
        var settings = SharedSettings.Read(Of(("ConnectionStrings:redis", "cache.internal:6380,password=the-secret,ssl=true"), ("Redis:Replicas", "3")), out var problems);

        Assert.Empty(problems);
        Assert.Equal(("cache.internal:6380", 3, TimeSpan.FromMilliseconds(100)), (settings!.Address, settings.Replicas, settings.Wait));
    }

    private static IConfiguration Of(params IEnumerable<(string Key, string Value)> settings)
    {
        var all = new Dictionary<string, string?> { ["ConnectionStrings:redis"] = "127.0.0.1:6379" };
        foreach (var (key, value) in settings)
        {
            all[key] = value;
        }

        return new ConfigurationBuilder().AddInMemoryCollection(all).Build();
    }
}
