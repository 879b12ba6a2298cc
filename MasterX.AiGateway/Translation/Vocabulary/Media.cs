namespace MasterX.AiGateway.Translation.Vocabulary;

/// <summary>Where the bytes of an image, a sound or a file are: one of the three.</summary>
/// <param name="MediaType">For example <c>image/png</c>, in small letters; <see langword="null"/> where the caller did not say and the name does not tell.</param>
/// <param name="Base64">The bytes themselves, as base64; empty for none.</param>
/// <param name="Url">An address the provider is to fetch them from.</param>
/// <param name="FileId">The name of a file the provider keeps.</param>
internal sealed record Media(string? MediaType, ReadOnlyMemory<char> Base64 = default, string? Url = null, string? FileId = null);
