using System.Text.Json;
using MasterX.AiGateway.Providers;

namespace MasterX.AiGateway.Translation.Vocabulary;

/// <summary>
/// A request for a model's answer, in words that every wire format has. A reader of the caller's format makes it once, however many
/// candidates are asked; a writer of the provider's format says it, or refuses by name what its format cannot say.
/// </summary>
internal sealed record Conversation
{
    /// <summary>What was said so far, in the caller's order; instructions stand where the caller put them.</summary>
    public required IReadOnlyList<Turn> Turns { get; init; }

    /// <summary>What the model may call.</summary>
    public IReadOnlyList<ToolDefinition> Tools { get; init; } = [];

    /// <summary>
    /// A search of the web by the provider, where that is all that is offered; it is in <see cref="Others"/> too, for writers whose format
    /// has none.
    /// </summary>
    public WebSearch? WebSearch { get; init; }

    /// <summary>Whether it must; <see langword="null"/> when nothing was said of it.</summary>
    public ToolChoice? ToolChoice { get; init; }

    /// <summary>Whether it may call several tools at once; <see langword="null"/> when nothing was said of it.</summary>
    public bool? ParallelToolCalls { get; init; }

    /// <summary>Tokens of the answer at most, thinking included; <see langword="null"/> for no limit.</summary>
    public long? MaxTokens { get; init; }

    /// <summary>Texts that end the answer.</summary>
    public IReadOnlyList<string> Stop { get; init; } = [];

    /// <summary>How many answers; 1 when nothing was said.</summary>
    public int Choices { get; init; } = 1;

    /// <summary>As in OpenAI's format, from 0 to 2.</summary>
    public double? Temperature { get; init; }

    /// <summary>From 0 to 1.</summary>
    public double? TopP { get; init; }

    /// <summary>A whole number above 0.</summary>
    public int? TopK { get; init; }

    public long? Seed { get; init; }

    /// <summary>From −2 to 2.</summary>
    public double? PresencePenalty { get; init; }

    /// <summary>From −2 to 2.</summary>
    public double? FrequencyPenalty { get; init; }

    /// <summary>Whether the probabilities of the answer's tokens are wanted.</summary>
    public bool LogProbs { get; init; }

    /// <summary>Of how many alternatives, too.</summary>
    public int? TopLogProbs { get; init; }

    /// <summary>The form of the answer; <see langword="null"/> for text.</summary>
    public AnswerFormat? Format { get; init; }

    /// <summary>How much the model is to think; <see langword="null"/> when nothing was said of it.</summary>
    public Thinking? Thinking { get; init; }

    /// <summary>Kinds of output beside text that are wanted: <c>image</c>, <c>audio</c>.</summary>
    public IReadOnlyList<string> Modalities { get; init; } = [];

    /// <summary>The caller's name for the person it acts for.</summary>
    public string? User { get; init; }

    /// <summary>
    /// Fields of the request that the vocabulary has no word for, by their names in the caller's format; those that were null are left
    /// out. A writer says them where its format has them; of the others <see cref="Loss"/> knows what becomes of them.
    /// </summary>
    public IReadOnlyList<KeyValuePair<string, JsonElement>> Others { get; init; } = [];

    /// <summary>What the reader left out, as it means nothing to any model: echoes of an answer's own remarks, mostly.</summary>
    public IReadOnlyList<string> Ignored { get; init; } = [];

    /// <summary>How the model goes on with the last turn, its own, where it is to; <see langword="null"/> where nothing has to be said of it.</summary>
    public Continuation? Continuation { get; init; }

    /// <summary>Whether a stream is wanted.</summary>
    public bool Stream { get; init; }
}
