using System.Text.Json;

namespace MasterX.AiGateway.Translation.Vocabulary;

/// <summary>A search of the web by the provider itself, which is all that a request offers its model.</summary>
/// <param name="Allowed">Domains it keeps to; none for all.</param>
/// <param name="Blocked">Domains it leaves out.</param>
/// <param name="MostUses">How often it may search; <see langword="null"/> when nothing was said of it.</param>
/// <param name="Place">Where the user is, as OpenAI and Anthropic both write it; <see langword="null"/> when nothing was said of it.</param>
internal sealed record WebSearch(IReadOnlyList<string> Allowed, IReadOnlyList<string> Blocked, int? MostUses, JsonElement? Place);
