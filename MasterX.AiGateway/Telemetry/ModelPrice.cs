namespace MasterX.AiGateway.Telemetry;

/// <summary>What a model costs, in US dollars per million tokens; section <c>Gateway:Prices:{model}</c>.</summary>
public sealed class ModelPrice
{
    private const decimal Million = 1_000_000m;

    /// <summary>Per million input tokens.</summary>
    public decimal Input { get; set; }

    /// <summary>Per million input tokens the provider found in its cache; as <see cref="Input"/> unless set.</summary>
    public decimal? CachedInput { get; set; }

    /// <summary>Per million output tokens, thinking included.</summary>
    public decimal Output { get; set; }

    /// <summary>Cost of one answer, in US dollars.</summary>
    public decimal CostOf(TokenUsage usage) =>
        ((usage.Input - usage.CachedInput) * Input + usage.CachedInput * (CachedInput ?? Input) + usage.Output * Output) / Million;
}

/// <summary>Tokens of one answer, as the provider counted them.</summary>
/// <param name="Input">Prompt tokens, cached ones included.</param>
/// <param name="Output">Completion tokens, thinking included.</param>
/// <param name="CachedInput">Prompt tokens found in the provider's cache.</param>
/// <param name="CacheWrite">Prompt tokens written to the provider's cache.</param>
/// <param name="Reasoning">Completion tokens the model thought with.</param>
public readonly record struct TokenUsage(int Input, int Output, int CachedInput, int CacheWrite = 0, int Reasoning = 0);
