using System.Text.Json;
using MasterX.AiGateway.Routing;

namespace MasterX.AiGateway.Requests;

/// <summary>
/// What <c>previous_response_id</c> makes of a request: only the provider that keeps the response can go on from it, and it knows it by a
/// name of its own.
/// </summary>
internal static class PreviousResponse
{
    public const string Field = "previous_response_id";

    /// <param name="request">Names one, by <see cref="ModelRequest.ResponseIds"/>.</param>
    /// <param name="route">The request's.</param>
    /// <param name="candidates">Whom the route asks; those who keep the response are left.</param>
    /// <param name="problem">Why nobody can be asked.</param>
    /// <returns>The request for them, with bytes of its own; <see langword="null"/> when there is a problem.</returns>
    public static ModelRequest? Resolve(ModelRequest request, ModelRoute route, ref IReadOnlyList<Candidate> candidates, out string? problem)
    {
        var json = new Utf8JsonReader(request.Body.Span[request.PreviousResponse]);
        json.Read();
        if (!request.ResponseIds!.TryRead(json.GetString()!, out var response))
        {
            problem = "The response that 'previous_response_id' names was not given to this consumer by this gateway. Send the conversation so far as 'input'.";
            return null;
        }

        Candidate[] keepers = [.. candidates.Where(candidate => candidate.Provider.Name == response.Provider)];
        if (keepers.Length == 0)
        {
            problem = $"The response that 'previous_response_id' names is kept by the provider '{response.Provider}', which the model '{request.Model ?? route.Name}' does not ask. Ask for a model of that provider, or send the conversation so far as 'input'.";
            return null;
        }

        if (!keepers[0].Provider.KeepsResponses)
        {
            problem = $"The provider '{response.Provider}' keeps no responses, so 'previous_response_id' cannot be used with it. Send the conversation so far as 'input'.";
            return null;
        }

        (candidates, problem) = (keepers, null);
        var goingOn = request.GoingOnFrom(response.Id);
        goingOn.KeyLabel = response.KeyLabel;
        return goingOn;
    }
}
