using System.ComponentModel.DataAnnotations;
using System.Text.Json;

namespace MasterX.Api.Anthropic;

// What the gateway looks at, for the API's description (https://docs.anthropic.com/en/api/messages). Everything else of the format is passed on; nothing is read into these.

/// <summary>A request for a message, in Anthropic's format; fields that are not listed are passed on.</summary>
internal sealed record MessageRequest
{
    /// <summary>A route, <c>provider/model</c>, or <c>auto</c>; the default chain when not given.</summary>
    public string? Model { get; init; }

    /// <summary>The conversation; at least one turn.</summary>
    [Required, MinLength(1)]
    public IReadOnlyList<MessageTurn>? Messages { get; init; }

    /// <summary>Tokens of the answer at most.</summary>
    public int? MaxTokens { get; init; }

    /// <summary>Whether the answer comes as server-sent events.</summary>
    public bool? Stream { get; init; }
}

/// <summary>A turn of a conversation.</summary>
internal sealed record MessageTurn
{
    /// <summary>Who says it.</summary>
    [Required, AllowedValues("user", "assistant")]
    public string? Role { get; init; }

    /// <summary>A text, or an array of blocks.</summary>
    [Required]
    public JsonElement? Content { get; init; }
}

/// <summary>A message in Anthropic's format.</summary>
internal sealed record Message
{
    /// <summary>The provider's.</summary>
    public string? Id { get; init; }

    /// <summary><c>message</c>.</summary>
    public string? Type { get; init; }

    /// <summary><c>assistant</c>.</summary>
    public string? Role { get; init; }

    /// <summary>Who answered.</summary>
    public string? Model { get; init; }

    /// <summary>The answer, block by block.</summary>
    [Required]
    public IReadOnlyList<JsonElement>? Content { get; init; }

    /// <summary>Why it ended.</summary>
    public string? StopReason { get; init; }

    /// <summary>Tokens.</summary>
    public JsonElement? Usage { get; init; }
}

/// <summary>The tokens of a request.</summary>
internal sealed record MessageTokenCount
{
    /// <summary>Reckoned when the header <c>x-masterx-tokens-estimated</c> says so.</summary>
    [Required]
    public int? InputTokens { get; init; }
}
