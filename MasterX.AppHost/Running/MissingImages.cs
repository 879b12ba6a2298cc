namespace MasterX.AppHost;

/// <summary>
/// The images that the composition's containers would run and that cannot be had. Told before anything starts: the container would fail, and whoever waits
/// for it would wait for ever.
/// </summary>
internal static class MissingImages
{
    public static IEnumerable<string> Find(IDistributedApplicationBuilder builder)
    {
        foreach (var container in builder.Resources.Where(resource => resource.IsContainer()))
        {
            if (ContainerRuntime.Find() is { } runtime && container.TryGetContainerImageName(out var image) && ContainerRuntime.WhyLacks(image) is { } why)
            {
                var without = container is MongoDBServerResource ? "leave Storage out, for the embedded database" : $"leave {container.Name} out";
                yield return $"{container.Name} needs the image {image}, which {runtime} does not have and cannot get: {why}. See that `{runtime} pull {image}` works, or {without}.";
            }
        }
    }
}
