namespace MasterX.AiGateway.Requests;

/// <summary>A part of OpenAI's API that is offered to callers.</summary>
/// <param name="Index">In <see cref="All"/>.</param>
/// <param name="Name">For people.</param>
/// <param name="Path">Behind <c>/v1/</c>, of callers and of providers that speak OpenAI's format.</param>
/// <param name="AnswerField">The array that makes a JSON object an answer.</param>
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

    public static readonly IReadOnlyList<Operation> All = [Chat, Embeddings, Responses];

    /// <summary>
    /// Its <c>gen_ai.operation.name</c> in OpenTelemetry's conventions, which call a response what it is too: a turn in a chat
    /// (<see href="https://github.com/open-telemetry/semantic-conventions-genai/blob/main/docs/gen-ai/openai.md"/>).
    /// </summary>
    public string ConventionName => this == Embeddings ? "embeddings" : "chat";

    /// <summary>Whether an answer may be streamed.</summary>
    public bool Streams => this != Embeddings;
}
