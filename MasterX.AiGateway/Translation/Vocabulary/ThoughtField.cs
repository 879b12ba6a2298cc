namespace MasterX.AiGateway.Translation.Vocabulary;

/// <summary>
/// The member of an assistant's message in which a provider of OpenAI's chat format has what its model thought. OpenAI itself has none; most
/// others have one of three, give it with their answers, and want it back.
/// </summary>
internal enum ThoughtField
{
    /// <summary>It is not known to have one.</summary>
    None,

    /// <summary><c>reasoning_content</c>, a text: DeepSeek, Moonshot, vLLM.</summary>
    ReasoningContent,

    /// <summary><c>reasoning</c>, a text: Groq, Ollama.</summary>
    Reasoning,

    /// <summary><c>reasoning_details</c>, an array with signatures: OpenRouter (<see href="https://openrouter.ai/docs/use-cases/reasoning-tokens"/>).</summary>
    ReasoningDetails,
}

/// <summary>What a provider of OpenAI's chat format was seen to answer with.</summary>
internal sealed class SeenThoughts
{
    /// <summary>Where its thoughts were; of several fields the one that says most.</summary>
    public ThoughtField Field { get; private set; }

    /// <summary>Whether Gemini's signatures came with its calls.</summary>
    public bool HasGoogleSignatures { get; private set; }

    public void See(ThoughtField field)
    {
        if (field > Field)
        {
            Field = field;
        }
    }

    public void SeeGoogleSignature() => HasGoogleSignatures = true;
}
