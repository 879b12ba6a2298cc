using MasterX.AppHost;

namespace MasterX.Doctor;

/// <summary>Aspire runs MongoDB in a container; without a runtime or MongoDB's image the embedded database takes its place.</summary>
internal static class ContainerRuntimeCheck
{
    public static void Run(Report report)
    {
        if (ContainerRuntime.Find() is { } runtime)
        {
            if (ContainerRuntime.WhyLacks(StorageKind.MongoImage) is { } why)
            {
                Report.Note("containers", $"{runtime} answers but has no image {StorageKind.MongoImage} and cannot get it ({why}): the composition uses the embedded database");
                return;
            }

            Report.Ok("containers", $"{runtime} answers: the composition's MongoDB runs in a container");
        }
        else if (Environment.GetEnvironmentVariable("Storage") == StorageKind.Mongo)
        {
            report.ToDo("containers", $"Storage={StorageKind.Mongo} is set, and {ContainerRuntime.NotFound}");
        }
        else
        {
            Report.Note("containers", "no container runtime answers: the composition uses the embedded database");
        }
    }
}
