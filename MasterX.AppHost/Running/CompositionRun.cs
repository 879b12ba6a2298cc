using Aspire.Hosting.Lifecycle;
using Aspire.Hosting.Publishing;

namespace MasterX.AppHost;

/// <summary>Builds and runs the composition; what is wrong with it is told in one message.</summary>
internal static class CompositionRun
{
    /// <summary>As <c>EX_CONFIG</c> of sysexits.h, and as the services have it.</summary>
    private const int ConfigurationError = 78;

    /// <returns>The exit code: 0, 78 for what a setting or a taken port forbids, 1 for what went wrong later.</returns>
    public static async Task<int> RunAsync(this IDistributedApplicationBuilder builder, CompositionSettings settings)
    {
        List<string> problems = [.. settings.Problems];
        if (builder.ExecutionContext.IsPublishMode && builder.Configuration["Pipeline:OutputPath"] is null
            && builder.Configuration["Pipeline:Step"] is null or "publish-manifest")
        {
            problems.Add("Publishing needs a file to write the manifest to. Example: --operation publish --publisher manifest --output-path manifest.json");
        }

        if (builder.HasFixedPorts())
        {
            problems.AddRange(TakenPorts.Find(builder));
            if (settings.Problems.Count == 0)
            {
                // Else the model may have what nobody asked for.
                problems.AddRange(MissingImages.Find(builder));
            }
        }

        if (problems.Count > 0)
        {
            var message = $"MasterX cannot start:{string.Concat(problems.Select(problem => $"{Environment.NewLine}- {problem}"))}";
            CompositionSettings.RunFile(builder.Configuration)?.WriteProblem(message);
            await Console.Error.WriteLineAsync(message);
            return ConfigurationError;
        }

        if (settings.StorageNote is { } note)
        {
            Console.WriteLine(note);
        }

        if (builder.HasFixedPorts())
        {
            builder.Services.AddEventingSubscriber<Announcement>();
            builder.Services.AddEventingSubscriber<OrchestratorWatch>();
        }

        // A pipeline that has failed stops the host, which says nothing to whoever waits for the process.
        var isPublished = builder.ExecutionContext.IsRunMode;
        builder.Eventing.Subscribe<AfterPublishEvent>((_, _) =>
        {
            isPublished = true;
            return Task.CompletedTask;
        });
        await using var app = builder.Build();
        try
        {
            await app.RunAsync();
        }
        catch (OperationCanceledException)
        {
            // Stopped before everything was started.
        }
        catch (Exception problem) when (builder.HasFixedPorts())
        {
            // The boundary to a person or to the script; Aspire's test host hears of it itself.
            var message = $"MasterX could not be started: {problem.Message}";
            CompositionSettings.RunFile(builder.Configuration)?.WriteProblem(message);
            await Console.Error.WriteLineAsync(message);
            return 1;
        }

        return isPublished ? Environment.ExitCode : 1;
    }
}
