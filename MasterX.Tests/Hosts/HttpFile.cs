using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace MasterX.Tests.Hosts;

/// <summary>
/// Runs a <c>.http</c> file as Visual Studio and VS Code do (<see href="https://learn.microsoft.com/aspnet/core/test/http-files"/>): variables <c>@name = value</c>, requests separated by
/// <c>###</c>, named by <c># @name NAME</c>, and <c>{{NAME.response.body.$.field}}</c> of an earlier answer.
/// </summary>
internal static partial class HttpFile
{
    public static async IAsyncEnumerable<(string Request, HttpResponseMessage Answer)> RunAsync(string file, ApiHost api)
    {
        var token = TestContext.Current.CancellationToken;
        var variables = new Dictionary<string, string>();
        var answers = new Dictionary<string, JsonElement>();
        foreach (var block in Separator().Split(await File.ReadAllTextAsync(file, token)))
        {
            var lines = block.ReplaceLineEndings("\n").Split('\n');
            foreach (var match in lines.Select(line => Variable().Match(line)).Where(match => match.Success))
            {
                variables[match.Groups[1].Value] = match.Groups[2].Value.Trim();
            }

            // The host of the test stands in for the file's own.
            variables["host"] = api.Address.ToString().TrimEnd('/');
            var name = lines.Select(line => Named().Match(line)).FirstOrDefault(match => match.Success)?.Groups[1].Value;
            var rest = lines.SkipWhile(line => !Request().IsMatch(line)).ToArray();
            if (rest.Length == 0)
            {
                continue;
            }

            var head = Fill(rest[0]).Split(' ');
            var request = new HttpRequestMessage(new HttpMethod(head[0]), head[1]);
            var headers = rest.Skip(1).TakeWhile(line => line.Trim().Length > 0).Select(line => Fill(line).Split(':', 2, StringSplitOptions.TrimEntries)).ToArray();
            var body = Fill(string.Join('\n', rest.Skip(1).SkipWhile(line => line.Trim().Length > 0)).Trim());
            if (body.Length > 0)
            {
                request.Content = new StringContent(body, Encoding.UTF8, headers.Single(header => header[0].Equals("Content-Type", StringComparison.OrdinalIgnoreCase))[1]);
            }

            foreach (var header in headers.Where(header => !header[0].StartsWith("Content-", StringComparison.OrdinalIgnoreCase)))
            {
                request.Headers.Add(header[0], header[1]);
            }

            var answer = await api.Anonymous.SendAsync(request, token);
            if (name is not null && answer.Content.Headers.ContentType?.MediaType == "application/json")
            {
                answers[name] = await answer.JsonAsync();
            }

            yield return ($"{head[0]} {new Uri(head[1]).AbsolutePath}", answer);
        }

        string Fill(string text) => Placeholder().Replace(text, match => match.Groups[1].Value.Split(".response.body.$.") is [var name, var field]
            ? answers[name].Text(field)!
            : match.Groups[1].Value == "$guid" ? Guid.NewGuid().ToString() : variables[match.Groups[1].Value]);
    }

    [GeneratedRegex("^###.*$", RegexOptions.Multiline)]
    private static partial Regex Separator();

    [GeneratedRegex(@"^@(\w+)\s*=\s*(.*)$")]
    private static partial Regex Variable();

    [GeneratedRegex(@"^#\s*@name\s+(\w+)")]
    private static partial Regex Named();

    [GeneratedRegex("^(GET|POST|PATCH|DELETE) ")]
    private static partial Regex Request();

    [GeneratedRegex(@"\{\{([^}]+)\}\}")]
    private static partial Regex Placeholder();
}
