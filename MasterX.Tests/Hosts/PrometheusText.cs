using System.Globalization;

namespace MasterX.Tests.Hosts;

/// <summary>What a service says at <c>/metrics</c>; labels come in any order.</summary>
internal sealed record PrometheusText(string Text)
{
    public static async Task<PrometheusText> ReadAsync(HttpClient client) =>
        new(await client.GetStringAsync(new Uri("/metrics", UriKind.Relative), TestContext.Current.CancellationToken));

    /// <summary>The value of the one series with this name and, among others, these labels.</summary>
    public double Value(string name, params (string Name, string Value)[] labels)
    {
        var found = Text.Split('\n').Where(line => (line.StartsWith(name + "{", StringComparison.Ordinal) || line.StartsWith(name + " ", StringComparison.Ordinal))
            && labels.All(label => line.Contains($"{label.Name}=\"{label.Value}\"", StringComparison.Ordinal))).ToArray();
        Assert.True(found.Length == 1, $"{found.Length} series of {name} with {string.Join(", ", labels)}:\n{string.Join('\n', Text.Split('\n').Where(line => line.StartsWith(name, StringComparison.Ordinal)))}");
        return double.Parse(found[0].Split(' ')[^1], CultureInfo.InvariantCulture);
    }
}
