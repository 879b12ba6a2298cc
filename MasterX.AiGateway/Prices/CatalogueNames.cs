using MasterX.AiGateway.Providers;

namespace MasterX.AiGateway.Prices;

/// <summary>
/// Which of the catalogue's providers and models a candidate is. Each rule is one of the provider's own about its names; a name that no rule
/// and no alias leads to an entry has no price, however much it looks like one that has.
/// </summary>
internal static class CatalogueNames
{
    /// <summary>What <see cref="ProviderOptions.PricesOf"/> is for a provider that costs nothing the catalogue knows of.</summary>
    public const string None = "none";

    /// <summary>
    /// Inference profiles of Bedrock's for a part of the world: what is not listed costs what the model does in the region that is called
    /// (<see href="https://docs.aws.amazon.com/bedrock/latest/userguide/cross-region-inference.html"/>). The global ones are not among them.
    /// </summary>
    private static readonly string[] BedrockParts = ["us.", "eu.", "apac.", "au.", "jp.", "ca.", "us-gov."];

    /// <summary>
    /// Who is paid: by the setting, else by the host that is called; else, as of one that is reached through something in between, by the kind,
    /// or by the provider's name where its kind is that of many.
    /// </summary>
    /// <returns>A name of the catalogue's; <see langword="null"/> for nobody in it.</returns>
    public static string? ProviderOf(PriceCatalogue catalogue, string name, ProviderOptions options)
    {
        if (options.PricesOf is { } set)
        {
            return set == None ? null : set;
        }

        var kind = options.Kind ?? "openai";
        return Uri.TryCreate(options.BaseUrl, UriKind.Absolute, out var url) && catalogue.ProviderAt(url.Host) is { } known ? known
            : kind != "openai" ? kind
            : catalogue.Head.Providers.Keys.FirstOrDefault(key => key.Equals(name, StringComparison.OrdinalIgnoreCase));
    }

    /// <summary>Where a provider was told to make its answers, when that may be charged for.</summary>
    public static string? RegionOf(ProviderOptions options) =>
        options.Kind == "vertex" ? (options.Location is null or "global" ? null : "regional")
        : !Uri.TryCreate(options.BaseUrl, UriKind.Absolute, out var url) ? null
        : url.Host == "eu.api.openai.com" ? "eu"
        : url.Host == "us.api.openai.com" ? "us"
        : null;

    /// <summary>Whether a model's name is one that the customer gave, which says nothing about the price.</summary>
    public static bool IsOwnName(string provider) => provider == "azure";

    /// <summary>The names under which a model may stand in the catalogue, the most special first.</summary>
    public static IEnumerable<string> Of(string provider, string model, ProviderOptions options) => provider switch
    {
        "bedrock" => OfBedrock(model, options.Region),
        "vertex" => OfVertex(model),
        "gemini" => [Without("models/", model)],
        "openai" when model.StartsWith("ft:", StringComparison.Ordinal) => OfFineTuned(model),
        _ => [model],
    };

    /// <summary><c>ft:MODEL:ORGANISATION:NAME:ID</c> costs what every fine-tuned model of the kind does, which is not what the model itself costs.</summary>
    private static IEnumerable<string> OfFineTuned(string model)
    {
        var end = model.IndexOf(':', "ft:".Length);
        return [end < 0 ? model : model[..end]];
    }

    private static IEnumerable<string> OfBedrock(string model, string? region)
    {
        // The ARN of a model, or of a profile of Bedrock's own, has its id at the end; that of a customer's own profile says nothing.
        var id = model;
        if (model.StartsWith("arn:", StringComparison.Ordinal))
        {
            var parts = model.Split(':', 6);
            if (parts.Length < 6 || !(parts[5].StartsWith("inference-profile/", StringComparison.Ordinal) || parts[5].StartsWith("foundation-model/", StringComparison.Ordinal)))
            {
                yield break;
            }

            id = parts[5][(parts[5].IndexOf('/', StringComparison.Ordinal) + 1)..];
            region = parts[3].Length > 0 ? parts[3] : region;
        }

        var part = Array.Find(BedrockParts, prefix => id.StartsWith(prefix, StringComparison.Ordinal));
        foreach (var name in part is null ? (string[])[id] : [id, id[part.Length..]])
        {
            if (region is not null)
            {
                yield return $"{region}/{name}";
            }

            yield return name;
        }
    }

    /// <summary>Anthropic's models have <c>@VERSION</c>, and <c>@default</c> for the one in force; those in OpenAI's format have their maker before them.</summary>
    private static IEnumerable<string> OfVertex(string model)
    {
        var name = Without("google/", model);
        yield return name;
        if (name.EndsWith("@default", StringComparison.Ordinal))
        {
            yield return name[..^"@default".Length];
        }
    }

    private static string Without(string prefix, string model) => model.StartsWith(prefix, StringComparison.Ordinal) ? model[prefix.Length..] : model;
}
