using Microsoft.AspNetCore.Http.Features;

namespace MasterX.Api.Http;

/// <summary>Features that are there because of where a piece of code stands in the pipeline.</summary>
internal static class FeatureExtensions
{
    /// <exception cref="InvalidOperationException">It is not there: the pipeline is put together in another order than the code relies on.</exception>
    public static T GetRequired<T>(this IFeatureCollection features) => features.Get<T>() ?? throw new InvalidOperationException($"{typeof(T)} is needed here, and nothing before has set it.");
}
