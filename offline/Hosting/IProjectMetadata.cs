using Aspire.Hosting.ApplicationModel;

namespace Aspire.Hosting;

/// <summary>Where a project of the composition is; implemented by the generated classes in <c>Projects</c>.</summary>
public interface IProjectMetadata : IResourceAnnotation
{
    /// <summary>Full path of the project file.</summary>
    string ProjectPath { get; }
}

/// <summary>Where the build put a project's assembly. Aspire asks <c>dotnet run</c>; the offline host starts the assembly itself.</summary>
public interface IBuiltProjectMetadata : IProjectMetadata
{
    /// <summary>Full path of the built assembly.</summary>
    string AssemblyPath { get; }
}
