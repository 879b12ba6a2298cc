using System.ComponentModel.DataAnnotations;
using MasterX.Api.Http;

namespace MasterX.Api.Ai;

/// <summary>Body of <c>POST /api/ai/generate</c>.</summary>
public sealed record GenerateRequest
{
    /// <summary>Characters of a prompt at most.</summary>
    public const int MaxPromptLength = 100_000;

    /// <summary>What to answer; 1 to 100,000 characters.</summary>
    [Required(ErrorMessage = "prompt is required and must not be empty."), NotBlank(ErrorMessage = "prompt is required and must not be empty.")]
    [TextLength(MaxPromptLength, ErrorMessage = "prompt must be at most {1} characters long.")]
    public string? Prompt { get; init; }

    /// <summary>How to answer; at most 100,000 characters.</summary>
    [TextLength(MaxPromptLength, ErrorMessage = "system must be at most {1} characters long.")]
    public string? System { get; init; }

    /// <summary>A route of the gateway or <c>provider/model</c>; the default chain when not given.</summary>
    [TextLength(200, MinimumLength = 1, ErrorMessage = "model must be {2} to {1} characters long.")]
    public string? Model { get; init; }

    /// <summary>Longest answer, in tokens.</summary>
    [Range(1, 1_000_000, ErrorMessage = "max_tokens must be {1} to {2}.")]
    public int? MaxTokens { get; init; }

    /// <summary>0 for the likeliest words, up to 2 for surprising ones.</summary>
    [Range(0.0, 2.0, ErrorMessage = "temperature must be {1} to {2}.")]
    public double? Temperature { get; init; }

    /// <summary>The user on whose behalf; has to exist.</summary>
    [TextLength(100, MinimumLength = 1, ErrorMessage = "user_id must be {2} to {1} characters long.")]
    public string? UserId { get; init; }

    /// <summary>Whether the answer comes as server-sent events <c>delta</c>, <c>done</c>, <c>error</c>; unless given, as the <c>Accept</c> header says.</summary>
    public bool? Stream { get; init; }
}
