using MasterX.AiGateway.Calls;

namespace MasterX.AiGateway.Caching;

/// <summary>A whole stream as it was given to its first caller, in memory of its own.</summary>
/// <param name="Provider">Who gave it.</param>
/// <param name="Model">The model that was asked.</param>
/// <param name="Bill">What it cost then.</param>
/// <param name="Events">All but the end mark.</param>
/// <param name="End">The end mark.</param>
/// <param name="Ignored">Fields of the request that were left out; <see langword="null"/> for none.</param>
internal sealed record KeptStream(string Provider, string Model, Bill Bill, byte[] Events, byte[] End, IReadOnlyList<string>? Ignored);
