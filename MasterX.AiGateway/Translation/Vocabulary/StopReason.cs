namespace MasterX.AiGateway.Translation.Vocabulary;

/// <summary>Why an answer ended.</summary>
internal enum StopReason
{
    /// <summary>It was whole.</summary>
    End,

    /// <summary>One of the request's texts that end it came.</summary>
    StopSequence,

    /// <summary>Its limit of tokens was reached.</summary>
    MaxTokens,

    /// <summary>The model's context was full.</summary>
    ContextFull,

    /// <summary>The model waits for the results of its calls.</summary>
    ToolCalls,

    /// <summary>The provider held it, or the rest of it, back.</summary>
    ContentFilter,

    /// <summary>The model will not answer.</summary>
    Refusal,

    /// <summary>A long turn was put down by the provider, to be gone on with as it is.</summary>
    Paused,
}
