using System.ComponentModel.DataAnnotations;

namespace MasterX.Api.Ai;

/// <summary>Body of <c>POST /api/ai/generate</c>.</summary>
public sealed record GenerateRequest
{
    /// <summary>Characters of a prompt at most.</summary>
    public const int MaxPromptLength = 100_000;

    /// <summary>What to answer; 1 to 100,000 characters.</summary>
    [Required(ErrorMessage = "prompt is required and must not be empty.")]
    [StringLength(MaxPromptLength, ErrorMessage = "prompt must be at most {1} characters long.")]
    public string? Prompt { get; init; }

    /// <summary>How to answer; at most 100,000 characters.</summary>
    [StringLength(MaxPromptLength, ErrorMessage = "system must be at most {1} characters long.")]
    public string? System { get; init; }

    /// <summary>A route of the gateway or <c>provider/model</c>; the default chain when not given.</summary>
    [StringLength(200, MinimumLength = 1, ErrorMessage = "model must be {2} to {1} characters long.")]
    public string? Model { get; init; }

    /// <summary>Longest answer, in tokens.</summary>
    [Range(1, 1_000_000, ErrorMessage = "max_tokens must be {1} to {2}.")]
    public int? MaxTokens { get; init; }

    /// <summary>0 for the likeliest words, up to 2 for surprising ones.</summary>
    [Range(0.0, 2.0, ErrorMessage = "temperature must be {1} to {2}.")]
    public double? Temperature { get; init; }

    /// <summary>The user on whose behalf; has to exist.</summary>
    [StringLength(100, MinimumLength = 1, ErrorMessage = "user_id must be {2} to {1} characters long.")]
    public string? UserId { get; init; }

    /// <summary>Reserved: answers are not streamed in this version.</summary>
    public bool? Stream { get; init; }
}
