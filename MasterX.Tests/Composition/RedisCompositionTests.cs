using Aspire.Hosting.ApplicationModel;
using MasterX.Tests.Hosts;

namespace MasterX.Tests.Composition;

/// <summary>What the composition says of Redis in run mode, which it has only where a container runtime answers.</summary>
[Collection(Containers.Name)]
public sealed class RedisCompositionTests(ContainerStorage containers)
{
    [Fact]
    public async Task It_is_the_containers_first_process_which_is_told_to_stop()
    {
        Assert.SkipWhen(containers.Missing is not null, containers.Missing ?? "");
        await using var builder = await AppHostModel.DescribeAsync("--Storage=embedded", "--Redis=true");
        var redis = builder.Find("redis");

        List<object> arguments = [];
        foreach (var contribution in redis.Annotations.OfType<CommandLineArgsCallbackAnnotation>())
        {
            await contribution.Callback(new(arguments, redis, TestContext.Current.CancellationToken) { ExecutionContext = builder.ExecutionContext });
        }

        // Joined, they are what a shell is given as `-c`.
        Assert.Equal(["exec", "redis-server"], arguments.Take(2));
        Assert.Contains("redis", builder.Find("api").WaitsFor());
        Assert.Contains("redis", builder.Find("aigateway").WaitsFor());
    }
}
