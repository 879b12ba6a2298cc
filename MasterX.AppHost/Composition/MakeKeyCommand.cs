using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;

namespace MasterX.AppHost;

/// <summary>The API's command in the dashboard: a consumer's key, shown this once.</summary>
internal static class MakeKeyCommand
{
    public static IResourceBuilder<ProjectResource> WithMakeKeyCommand(this IResourceBuilder<ProjectResource> api, IResourceBuilder<ParameterResource> adminKey) =>
        api.WithHttpCommand("/api/keys", "Make a key", commandName: "make-key", commandOptions: new()
        {
            Method = HttpMethod.Post,
            Description = "Makes a key that may generate. It is shown once, and kept as a hash only.",
            IconName = "Key",
            IsHighlighted = true,
            PrepareRequest = async request =>
            {
                request.Request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", await adminKey.Resource.GetValueAsync(request.CancellationToken));
                request.Request.Content = JsonContent.Create(new { name = "made in the dashboard" });
            },
            GetCommandResult = async result =>
            {
                var answer = await result.Response.Content.ReadFromJsonAsync<JsonElement>(result.CancellationToken);
                return result.Response.IsSuccessStatusCode
                    ? CommandResults.Success(
                        "The key, which is shown this once:",
                        new CommandResultData { Value = answer.GetProperty("key").GetString()!, Format = CommandResultFormat.Text, DisplayImmediately = true })
                    : CommandResults.Failure($"The API answered {(int)result.Response.StatusCode}: {answer.GetProperty("detail").GetString()}");
            },
        });
}
