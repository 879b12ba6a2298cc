using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using MasterX.Api.Http;

namespace MasterX.Api.OpenAi;

// What the gateway looks at, for the API's description (https://platform.openai.com/docs/api-reference). Everything else of OpenAI's format is passed on untouched: these describe, and
// nothing is read into them.

/// <summary>A chat completion request in OpenAI's format; fields that are not listed are passed on.</summary>
internal sealed record ChatCompletionRequest
{
    /// <summary>A route, <c>provider/model</c>, or <c>auto</c>; the default chain when not given.</summary>
    public string? Model { get; init; }

    /// <summary>The conversation; at least one message.</summary>
    [Required, MinLength(1)]
    public IReadOnlyList<ChatMessage>? Messages { get; init; }

    /// <summary>Whether the answer comes as server-sent events.</summary>
    public bool? Stream { get; init; }
}

/// <summary>A message of a conversation.</summary>
internal sealed record ChatMessage
{
    /// <summary>Who says it.</summary>
    [Required, AllowedValues("system", "developer", "user", "assistant", "tool")]
    public string? Role { get; init; }

    /// <summary>A text, or an array of parts.</summary>
    [Required]
    public JsonElement? Content { get; init; }
}

/// <summary>A chat completion in OpenAI's format.</summary>
internal sealed record ChatCompletion
{
    /// <summary>The provider's.</summary>
    public string? Id { get; init; }

    /// <summary><c>chat.completion</c>.</summary>
    public string? Object { get; init; }

    /// <summary>Who answered.</summary>
    public string? Model { get; init; }

    /// <summary>The answers.</summary>
    [Required]
    public IReadOnlyList<JsonElement>? Choices { get; init; }

    /// <summary>Tokens.</summary>
    public JsonElement? Usage { get; init; }
}

/// <summary>An embedding request in OpenAI's format.</summary>
internal sealed record EmbeddingRequest
{
    /// <summary>A model for embeddings.</summary>
    [Required, NotBlank]
    public string? Model { get; init; }

    /// <summary>A text, or an array of texts or tokens.</summary>
    [Required]
    public JsonElement? Input { get; init; }
}

/// <summary>Embeddings, in the order of the input.</summary>
internal sealed record EmbeddingList
{
    /// <summary><c>list</c>.</summary>
    public string? Object { get; init; }

    /// <summary>One for each input.</summary>
    [Required]
    public IReadOnlyList<JsonElement>? Data { get; init; }

    /// <summary>Who made them.</summary>
    public string? Model { get; init; }

    /// <summary>Tokens.</summary>
    public JsonElement? Usage { get; init; }
}

/// <summary>A request for a response in OpenAI's format.</summary>
internal sealed record ResponseRequest
{
    /// <summary>A route, <c>provider/model</c>, or <c>auto</c>; the default chain when not given.</summary>
    public string? Model { get; init; }

    /// <summary>A text, or an array of items.</summary>
    [Required]
    public JsonElement? Input { get; init; }

    /// <summary>Whether the answer comes as server-sent events.</summary>
    public bool? Stream { get; init; }
}

/// <summary>A response in OpenAI's format.</summary>
internal sealed record ModelResponse
{
    /// <summary>The provider's.</summary>
    public string? Id { get; init; }

    /// <summary><c>response</c>.</summary>
    public string? Object { get; init; }

    /// <summary>How far it came.</summary>
    public string? Status { get; init; }

    /// <summary>What the model made.</summary>
    [Required]
    public IReadOnlyList<JsonElement>? Output { get; init; }

    /// <summary>Tokens.</summary>
    public JsonElement? Usage { get; init; }
}

/// <summary>What is left of a response.</summary>
internal sealed record DeletedResponse
{
    /// <summary>The response's.</summary>
    public string? Id { get; init; }

    /// <summary><c>response</c>.</summary>
    public string? Object { get; init; }

    /// <summary>That it is gone.</summary>
    [Required]
    public bool? Deleted { get; init; }
}

/// <summary>The names that can be asked for.</summary>
internal sealed record ModelList
{
    /// <summary><c>list</c>.</summary>
    public string? Object { get; init; }

    /// <summary>One for each.</summary>
    [Required]
    public IReadOnlyList<Model>? Data { get; init; }
}

/// <summary>A name that can be asked for.</summary>
internal sealed record Model
{
    /// <summary>Goes into <c>model</c>.</summary>
    [Required]
    public string? Id { get; init; }

    /// <summary><c>model</c>.</summary>
    public string? Object { get; init; }

    /// <summary>The provider that answers first.</summary>
    public string? OwnedBy { get; init; }
}
