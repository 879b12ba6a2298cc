namespace MasterX.AppHost;

/// <summary>What the composition says of Redis.</summary>
internal static class RedisExtensions
{
    /// <summary>
    /// Aspire starts Redis by a shell, which as the container's first process does not pass on that it is to stop: every stop took the 10 seconds until it is
    /// killed. With <c>exec</c> that process is Redis itself.
    /// </summary>
    public static IResourceBuilder<RedisResource> WithPromptStop(this IResourceBuilder<RedisResource> redis) =>
        redis.ApplicationBuilder.ExecutionContext.IsRunMode ? redis.WithArgs(context => context.Args.Insert(0, "exec")) : redis;
}
