using System.Reflection;
using System.Runtime.Loader;

namespace MasterX.Doctor;

/// <summary>
/// The plan's "test imports before deployment": the assembly of every project that runs, and all that it refers to, is loaded the way its own process would load it.
/// </summary>
internal static class AssemblyCheck
{
    private static readonly string[] Projects = ["MasterX.Api", "MasterX.AiGateway", "MasterX.ProviderEmulator", "MasterX.AppHost", "MasterX.Tests"];

    public static void Run(string root, Report report)
    {
        foreach (var project in Projects)
        {
            var path = Path.Combine(root, "artifacts", "bin", project, "debug", project + ".dll");
            if (!File.Exists(path))
            {
                report.ToDo("assemblies", $"{project} is not built. Run `dotnet build MasterX.sln`.");
                continue;
            }

            var (loaded, problems) = Load(path);
            if (problems.Count == 0)
            {
                Report.Ok("assemblies", $"{project}: {loaded} load and resolve");
            }
            else
            {
                report.ToDo("assemblies", $"{project}: {string.Join("; ", problems)}. Run `dotnet restore MasterX.sln` and build again.");
            }
        }
    }

    private static (int Loaded, IReadOnlyList<string> Problems) Load(string path)
    {
        var context = new ProjectLoadContext(path);
        HashSet<string> seen = [];
        List<string> problems = [];
        Queue<Assembly> pending = new([context.LoadFromAssemblyPath(path)]);
        while (pending.TryDequeue(out var assembly))
        {
            foreach (var name in assembly.GetReferencedAssemblies().Where(name => seen.Add(name.Name!)))
            {
                try
                {
                    var loaded = context.LoadFromAssemblyName(name);

                    // What comes with the shared framework is the SDK's affair.
                    if (AssemblyLoadContext.GetLoadContext(loaded) == context)
                    {
                        pending.Enqueue(loaded);
                    }
                }
                catch (Exception error) when (error is FileNotFoundException or FileLoadException or BadImageFormatException)
                {
                    // A library may refer to assemblies it uses on other platforms only; a project's own references have to be there.
                    if (assembly.Location == path || !IsOptional(name))
                    {
                        problems.Add($"{name.Name} {name.Version}, wanted by {assembly.GetName().Name}, cannot be loaded");
                    }
                }
            }
        }

        return (seen.Count, problems);
    }

    /// <summary>Referred to by libraries for platforms other than this one, and never reached here.</summary>
    private static bool IsOptional(AssemblyName name) => name.Name is "WindowsBase" or "System.Windows.Forms" or "PresentationFramework" or "System.Management" or "System.DirectoryServices";

    private sealed class ProjectLoadContext(string path) : AssemblyLoadContext(Path.GetFileNameWithoutExtension(path))
    {
        private readonly AssemblyDependencyResolver _resolver = new(path);

        protected override Assembly? Load(AssemblyName assemblyName) =>
            _resolver.ResolveAssemblyToPath(assemblyName) is { } found ? LoadFromAssemblyPath(found) : null;
    }
}
