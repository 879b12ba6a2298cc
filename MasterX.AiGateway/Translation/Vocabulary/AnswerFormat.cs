using System.Text.Json;

namespace MasterX.AiGateway.Translation.Vocabulary;

/// <summary>The form an answer must have.</summary>
/// <param name="Schema">A JSON Schema; <see langword="null"/> for any JSON object.</param>
/// <param name="Name">The schema's.</param>
/// <param name="Description">What it is, for the model.</param>
/// <param name="Strict">Whether it must be followed exactly; <see langword="null"/> when nothing was said of it.</param>
internal sealed record AnswerFormat(JsonElement? Schema, string? Name = null, string? Description = null, bool? Strict = null);
