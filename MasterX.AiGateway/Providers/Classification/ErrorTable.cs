namespace MasterX.AiGateway.Providers.Classification;

/// <summary>
/// What the errors of one wire format come to: rows from top to bottom, of which the first that is for an error counts. The last ones
/// are for any error of their status (<see cref="StatusRows"/>), so that there is a verdict for whatever a provider may say. Nothing else
/// in the gateway looks at a provider's status or words.
/// </summary>
/// <param name="rows">Every status has one at the end.</param>
/// <param name="namesByType">Whether the format calls its errors by their type or status rather than by a code.</param>
internal sealed class ErrorTable(IReadOnlyList<ErrorRow> rows, bool namesByType)
{
    public static readonly ErrorTable OpenAi =
        new([.. ContextOverflowRows.All, .. OpenAiRows.All, .. StatusRows.Of(Verdicts.NotTaken)], namesByType: false);

    public static readonly ErrorTable Azure =
        new([.. ContextOverflowRows.All, .. AzureRows.All, .. OpenAiRows.All, .. StatusRows.Of(Verdicts.NotTaken)], namesByType: false);

    public static readonly ErrorTable Anthropic =
        new([.. ContextOverflowRows.All, .. AnthropicRows.All, .. StatusRows.Of(Verdicts.TranslationRefused)], namesByType: true);

    public static readonly ErrorTable Gemini =
        new([.. ContextOverflowRows.All, .. GeminiRows.All, .. StatusRows.Of(Verdicts.TranslationRefused)], namesByType: true);

    public static readonly ErrorTable Bedrock =
        new([.. ContextOverflowRows.All, .. BedrockRows.All, .. StatusRows.Of(Verdicts.TranslationRefused)], namesByType: true);

    /// <summary>Bedrock's own, and what Anthropic's models say inside a stream.</summary>
    public static readonly ErrorTable BedrockAnthropic =
        new([.. ContextOverflowRows.All, .. BedrockRows.All, .. AnthropicRows.All, .. StatusRows.Of(Verdicts.TranslationRefused)], namesByType: true);

    /// <summary>Vertex AI says what it has to say itself as Gemini does, and passes on what the model's maker says.</summary>
    public static readonly ErrorTable VertexAnthropic =
        new([.. ContextOverflowRows.All, .. AnthropicRows.All, .. GeminiRows.All, .. StatusRows.Of(Verdicts.TranslationRefused)], namesByType: true);

    /// <inheritdoc cref="VertexAnthropic"/>
    public static readonly ErrorTable VertexOpenAi =
        new([.. ContextOverflowRows.All, .. GeminiRows.All, .. OpenAiRows.All, .. StatusRows.Of(Verdicts.NotTaken)], namesByType: true);

    public IReadOnlyList<ErrorRow> Rows => rows;

    /// <param name="status">The answer's; 200 for an answer or event that turned out to be an error.</param>
    /// <param name="body">What it says.</param>
    /// <param name="modelIsKnown">Whether the model is configured or has answered; a caller may have made it up.</param>
    public Verdict Judge(int status, ErrorBody body, bool modelIsKnown)
    {
        // Relays put the status of the provider behind them into a good answer.
        var told = status == StatusCodes.Status200OK ? body.Status ?? status : status;
        var verdict = Find(told, body);
        if (body.Relayed is { } relayed && verdict.Scope == Scope.Request && !verdict.EndsRequest)
        {
            // What the provider behind says is closer. It is not about our key or the relay as a whole, and ends nothing.
            var behind = Find(told, relayed);
            verdict = behind.Scope == Scope.Request && !behind.EndsRequest ? behind : verdict;
        }

        return verdict.IsOfUnnamedPermission && !modelIsKnown ? Verdicts.NothingThere : verdict;
    }

    /// <summary>The error in the parts that a caller may see.</summary>
    public ProviderErrorParts Describe(ErrorBody body)
    {
        var closest = body.Relayed is { Message: not null } relayed ? relayed : body;
        var code = closest.Code ?? (namesByType ? closest.StatusName ?? closest.Type : null);
        return new(closest.Message ?? body.Message, code, closest.Parameter ?? body.Parameter);
    }

    private Verdict Find(int status, ErrorBody body)
    {
        foreach (var row in rows)
        {
            if (row.IsFor(status, body))
            {
                return row.Verdict;
            }
        }

        return Verdicts.Broken;
    }
}

/// <summary>What of an error may be passed on.</summary>
internal readonly record struct ProviderErrorParts(string? Message, string? Code, string? Parameter);
