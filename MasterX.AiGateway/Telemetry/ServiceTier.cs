namespace MasterX.AiGateway.Telemetry;

/// <summary>How an answer was served, which some providers charge differently for.</summary>
public enum ServiceTier
{
    /// <summary>As usual; also where the answer names none, or one without a price of its own.</summary>
    Standard,

    /// <summary>In a batch, within a day.</summary>
    Batch,

    /// <summary>When there is room for it.</summary>
    Flex,

    /// <summary>Before others.</summary>
    Priority,

    /// <summary>With more machines for one answer: Anthropic's fast mode.</summary>
    Fast,
}
