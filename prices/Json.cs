using System.Globalization;
using System.Text.Json.Nodes;

namespace MasterX.Prices;

/// <summary>Numbers of JSON as they stand there, exactly, without zeros at their end.</summary>
internal static class Json
{
    public static decimal? Number(JsonNode? node) =>
        node is JsonValue value && decimal.TryParse(value.ToString(), NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? Plain(number) : null;

    /// <summary>A price of one token as that of a million, to a millionth of a dollar: some are written with the errors of binary numbers.</summary>
    public static decimal PerMillion(decimal price) => Plain(decimal.Round(price * 1_000_000m, 6));

    public static decimal Plain(decimal number) => number / 1.0000000000m;

    /// <summary>Takes over what is missing.</summary>
    public static void Fill(JsonObject price, JsonObject other)
    {
        foreach (var (name, value) in other)
        {
            if (price[name] is null)
            {
                price[name] = value?.DeepClone();
            }
        }
    }
}
