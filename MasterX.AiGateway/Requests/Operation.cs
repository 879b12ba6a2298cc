namespace MasterX.AiGateway.Requests;

/// <summary>A part of OpenAI's or Anthropic's API that is offered to callers.</summary>
/// <param name="Index">In <see cref="All"/>.</param>
/// <param name="Name">For people.</param>
/// <param name="Path">Behind <c>/v1/</c>, of callers and of providers that speak the same format.</param>
/// <param name="AnswerField">What makes a JSON object an answer: an array, or the number of a count.</param>
internal sealed record Operation(int Index, string Name, string Path, string AnswerField)
{
    /// <summary><see cref="AnswerField"/> in UTF-8.</summary>
    public ReadOnlyMemory<byte> AnswerFieldUtf8 { get; } = System.Text.Encoding.UTF8.GetBytes(AnswerField);

    /// <summary><see href="https://platform.openai.com/docs/api-reference/chat"/>.</summary>
    public static readonly Operation Chat = new(0, "chat", "chat/completions", "choices");

    /// <summary><see href="https://platform.openai.com/docs/api-reference/embeddings"/>.</summary>
    public static readonly Operation Embeddings = new(1, "embeddings", "embeddings", "data");

    /// <summary><see href="https://platform.openai.com/docs/api-reference/responses"/>.</summary>
    public static readonly Operation Responses = new(2, "responses", "responses", "output");

    /// <summary><see href="https://docs.anthropic.com/en/api/messages"/>.</summary>
    public static readonly Operation Messages = new(3, "messages", "messages", "content");

    /// <summary><see href="https://docs.anthropic.com/en/api/messages-count-tokens"/>.</summary>
    public static readonly Operation CountTokens = new(4, "count_tokens", "messages/count_tokens", "input_tokens");

    public static readonly IReadOnlyList<Operation> All = [Chat, Embeddings, Responses, Messages, CountTokens];

    /// <summary>
    /// Its <c>gen_ai.operation.name</c> in OpenTelemetry's conventions, which call a response what it is too: a turn in a chat
    /// (<see href="https://github.com/open-telemetry/semantic-conventions-genai/blob/main/docs/gen-ai/openai.md"/>). They have no name for
    /// counting.
    /// </summary>
    public string ConventionName => this == Embeddings ? "embeddings" : this == CountTokens ? Name : "chat";

    /// <summary>Whether an answer may be streamed.</summary>
    public bool Streams => this != Embeddings && this != CountTokens;

    /// <summary>Whether a model answers, and is paid for it.</summary>
    public bool Generates => this != CountTokens;

    /// <summary>Whether it is of Anthropic's API, and not of OpenAI's.</summary>
    public bool IsAnthropic => this == Messages || this == CountTokens;

    /// <summary>Whether the conversation stands in <c>messages</c>; it is <c>input</c> otherwise.</summary>
    public bool HasMessages => this == Chat || IsAnthropic;
}
