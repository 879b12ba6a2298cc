using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;
using MasterX.Prices;

// Puts the price catalogue together from public ones: dotnet run --project prices -- ARGUMENTS
//
//   --litellm FILE DATE      model_prices_and_context_window.json of github.com/BerriAI/litellm, and the date of its commit
//   --genai FOLDER DATE      a checkout of github.com/pydantic/genai-prices
//   --modelsdev FOLDER DATE  a checkout of github.com/anomalyco/models.dev
//   --openrouter FILE DATE   the answer of https://openrouter.ai/api/v1/models
//   --today DATE             of prices that change at a day that is known, the one in force then is taken
//
// What the providers' own pages say stands in prices/facts.json and goes before all of these. Where two catalogues disagree the one that was
// looked at last is taken, or two that agree against a third, and the entry is marked as disputed. What none of them tells is absent. The result
// is MasterX.AiGateway/Prices/prices.json; `./masterx prices` checks it, and `git diff` shows what became of it.
var given = new Dictionary<string, string[]>();
for (var at = 0; at < args.Length; at++)
{
    if (args[at].StartsWith("--", StringComparison.Ordinal))
    {
        given[args[at]] = [.. args[(at + 1)..].TakeWhile(word => !word.StartsWith("--", StringComparison.Ordinal))];
    }
}

string[] inputs = ["--litellm", "--genai", "--modelsdev", "--openrouter"];
if (!inputs.All(name => given.GetValueOrDefault(name)?.Length == 2) || given.GetValueOrDefault("--today")?.Length != 1)
{
    Console.Error.WriteLine("usage: dotnet run --project prices -- --litellm FILE DATE --genai FOLDER DATE --modelsdev FOLDER DATE --openrouter FILE DATE --today DATE");
    return 64;
}

var root = Path.GetDirectoryName(Path.GetDirectoryName(Source()))!;
var today = given["--today"][0];
var facts = JsonNode.Parse(File.ReadAllText(Path.Combine(root, "prices", "facts.json")))!.AsObject();
var offers = new Offers();
LitellmPrices.Read(offers, given["--litellm"][0], given["--litellm"][1]);
ModelsDevPrices.Read(offers, given["--modelsdev"][0], given["--modelsdev"][1]);
OpenRouterPrices.Read(offers, given["--openrouter"][0], given["--openrouter"][1]);

// Last, as its rules are applied to the names that the others have.
GenaiPrices.Read(offers, given["--genai"][0], given["--genai"][1], today);

var entries = new Entries(offers);
entries.Apply(facts);
entries.Fold();
entries.Write(
    Path.Combine(root, "MasterX.AiGateway", "Prices", "prices.json"), facts,
    [
        ("genai-prices", "https://github.com/pydantic/genai-prices", given["--genai"][1]), ("litellm", "https://github.com/BerriAI/litellm/blob/main/model_prices_and_context_window.json", given["--litellm"][1]),
        ("models.dev", "https://github.com/anomalyco/models.dev", given["--modelsdev"][1]), ("openrouter", "https://openrouter.ai/api/v1/models", given["--openrouter"][1]),
    ],
    today);
Console.WriteLine(entries);
return 0;

static string Source([CallerFilePath] string path = "") => path;
