using System.Text.Json;

namespace MasterX.AiGateway.Translation.Vocabulary;

/// <summary>
/// What becomes of a request's fields that a writer's format has no place for: the one place that decides between refusing and leaving out,
/// so that nothing is dropped in silence. What is left out is told to the caller in <c>x-masterx-ignored</c>.
/// </summary>
internal sealed class Loss
{
    /// <summary>
    /// Fields of all formats that change nothing a caller could miss in the answer: how it is billed, kept, cached, watched or hurried.
    /// </summary>
    private static readonly HashSet<string> Harmless = new(StringComparer.Ordinal)
    {
        "metadata", "store", "service_tier", "prediction", "prompt_cache_key", "prompt_cache_retention", "safety_identifier", "verbosity",
        "stream_options", "include", "truncation", "max_tool_calls", "context_management", "inference_geo", "speed", "betas", "cache_control",
        "logprobs", "top_logprobs", "include_reasoning", "provider", "transforms", "usage",
        "client_metadata",
    };

    private List<string>? _ignored;

    /// <summary>Names of fields that were left out, in the caller's format; <see langword="null"/> for none.</summary>
    public IReadOnlyList<string>? Ignored => _ignored;

    /// <summary>Leaves out what changes nothing that a caller could miss in the answer: a hint, a mark, a name.</summary>
    public void Ignore(string field)
    {
        _ignored ??= [];
        if (!_ignored.Contains(field))
        {
            _ignored.Add(field);
        }
    }

    /// <summary>Decides about a field the writer's format does not have.</summary>
    /// <param name="field">Its name in the caller's format.</param>
    /// <param name="value">An empty list, an empty object or <c>false</c> asks for nothing.</param>
    /// <param name="format">The writer's, for people.</param>
    /// <exception cref="Providers.UntranslatableRequestException">It may change the answer, so another candidate has to take it.</exception>
    public void Decide(string field, JsonElement value, string format)
    {
        if (!Harmless.Contains(field) && !IsNothing(value))
        {
            throw new Providers.UntranslatableRequestException(
                $"'{field}' cannot be said in {format}. Leave it out, name a model of a provider that takes it, or have it left out by the provider's setting DropFields.", field);
        }

        Ignore(field);
    }

    private static bool IsNothing(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.False => true,
        JsonValueKind.Array => value.GetArrayLength() == 0,
        JsonValueKind.Object => !value.EnumerateObject().Any(),
        _ => false,
    };
}
