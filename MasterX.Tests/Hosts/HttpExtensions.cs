using System.Text.Json;

namespace MasterX.Tests.Hosts;

/// <summary>Short ways to what tests look at in an answer.</summary>
internal static class HttpExtensions
{
    public static async Task<JsonElement> JsonAsync(this HttpResponseMessage response)
    {
        var text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        try
        {
            return JsonElement.Parse(text);
        }
        catch (JsonException)
        {
            Assert.Fail($"{(int)response.StatusCode}, not JSON: {text}");
            throw;
        }
    }

    public static string? Header(this HttpResponseMessage response, string name) =>
        response.Headers.TryGetValues(name, out var values) ? string.Join(", ", values) : null;

    /// <summary>Reads once there is room among the calls at once: the place of an answer that has just been read is free a moment later.</summary>
    public static async Task<HttpResponseMessage> ReadOnceThereIsRoomAsync(this HttpClient consumer, string path)
    {
        while (true)
        {
            var answer = await consumer.GetAsync(new Uri(path, UriKind.Relative), TestContext.Current.CancellationToken);
            if (answer.StatusCode != System.Net.HttpStatusCode.TooManyRequests || !(await answer.JsonAsync()).Text("detail")!.Contains("calls at once", StringComparison.Ordinal))
            {
                return answer;
            }

            answer.Dispose();
        }
    }

    /// <summary>What stands at a path of names and places in arrays; <see langword="null"/> where nothing does.</summary>
    public static string? Text(this JsonElement element, params string[] path)
    {
        foreach (var name in path)
        {
            if (element.ValueKind == JsonValueKind.Array && int.TryParse(name, System.Globalization.CultureInfo.InvariantCulture, out var index) && index < element.GetArrayLength())
            {
                element = element[index];
            }
            else if (element.ValueKind != JsonValueKind.Object || !element.TryGetProperty(name, out element))
            {
                return null;
            }
        }

        return element.ValueKind == JsonValueKind.Null ? null : element.ToString();
    }
}
