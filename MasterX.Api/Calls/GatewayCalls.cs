using System.Net;
using System.Text.Json;
using MasterX.Api.Ai;
using Polly.CircuitBreaker;
using Polly.Timeout;

namespace MasterX.Api.Calls;

/// <summary>The gateway's accounts: what calls have spent, and what models cost.</summary>
/// <param name="clients">Makes its client.</param>
internal sealed class GatewayCalls(IHttpClientFactory clients)
{
    /// <summary>Names a call to the gateway.</summary>
    public const string CallHeader = "x-masterx-call";

    /// <summary>What a call has spent, of an answer that is not streamed.</summary>
    public const string SpentHeader = "x-masterx-spent";

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    /// <summary>What is known of calls; those that this gateway, or this replica of it, does not know are left out.</summary>
    /// <param name="ids">Which.</param>
    /// <param name="read">Whose records are booked, and can be let go.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="GatewayUnavailableException">The gateway cannot be reached.</exception>
    public async Task<GatewayCallList> ReadAsync(IReadOnlyList<string> ids, IReadOnlyList<string> read, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/calls") { Content = JsonContent.Create(new { ids, read }) };
        var answer = await SendAsync<GatewayCallList>(request, cancellationToken);
        return new([.. (answer?.Items ?? []).Where(call => call is { Id: not null, Spent: not null, Attempts: not null })], answer?.UptimeMs ?? 0);
    }

    /// <summary>What those who may answer for a model cost at most.</summary>
    /// <returns><see langword="null"/> when there is no such model.</returns>
    /// <exception cref="GatewayUnavailableException">The gateway cannot be reached.</exception>
    public async Task<Quote?> QuoteAsync(string model, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/quote?model={Uri.EscapeDataString(model)}");
        var quote = await SendAsync<Quote>(request, cancellationToken);
        return quote is null or { Unpriced: not null, Rows: not null } ? quote : throw new GatewayUnavailableException("The AI gateway answers something that is no price.", null);
    }

    /// <summary>What a header says that a call has spent.</summary>
    /// <returns><see langword="null"/> when it says nothing that can be read.</returns>
    public static IReadOnlyList<Spending>? Parse(string? header)
    {
        try
        {
            return header is null ? null : [.. JsonSerializer.Deserialize<IReadOnlyList<Spending>>(header, Json)!.Select(spending => spending.Bounded())];
        }
        catch (Exception error) when (error is JsonException or NullReferenceException)
        {
            return null;
        }
    }

    private async Task<T?> SendAsync<T>(HttpRequestMessage request, CancellationToken cancellationToken)
        where T : class
    {
        try
        {
            using var response = await clients.CreateClient(AiServices.GatewayAccountsClientName).SendAsync(request, cancellationToken);
            if (response.StatusCode == HttpStatusCode.NotFound)
            {
                return null;
            }

            response.EnsureSuccessStatusCode();
            return await response.Content.ReadFromJsonAsync<T>(Json, cancellationToken);
        }
        catch (Exception error) when (error is HttpRequestException or TimeoutRejectedException or BrokenCircuitException or JsonException or IOException
            || (error is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            throw new GatewayUnavailableException("The AI gateway does not answer.", error);
        }
    }
}

/// <summary>Calls as the gateway tells of them.</summary>
/// <param name="Items">Those it knows.</param>
/// <param name="UptimeMs">For how long it has known any, in milliseconds.</param>
internal sealed record GatewayCallList(IReadOnlyList<GatewayCall> Items, long UptimeMs);

/// <summary>A call as the gateway tells of it.</summary>
/// <param name="Id">Its name.</param>
/// <param name="Ended">Whether nothing can be added any more.</param>
/// <param name="Spent">Its attempts that cost something.</param>
/// <param name="Attempts">Whom it took.</param>
internal sealed record GatewayCall(string Id, bool Ended, IReadOnlyList<Spending> Spent, IReadOnlyList<GatewayAttempt> Attempts);

/// <summary>One provider's turn, as the gateway tells of it.</summary>
internal sealed record GatewayAttempt(string Provider, string Model, string Outcome, int? Status, long Ms)
{
    public GenerationAttempt ToAttempt() => new(Provider, Model, Outcome, Status, Ms);
}

/// <summary>What those who may answer a call cost.</summary>
/// <param name="Unpriced">Those that have no price, as <c>provider/model</c>.</param>
/// <param name="Rows">The others' prices.</param>
internal sealed record Quote(IReadOnlyList<string> Unpriced, IReadOnlyList<QuoteRow> Rows)
{
    private const decimal Million = 1_000_000m;

    /// <summary>What the dearest of them costs, in US dollars; <see langword="null"/> when one has no price.</summary>
    public decimal? CostOf(int inputTokens, int outputTokens) => Unpriced.Count > 0
        ? null
        : Rows.Where(row => inputTokens >= row.Above).Select(row => (inputTokens * row.Input + outputTokens * row.Output) / Million + row.Request).DefaultIfEmpty().Max();
}

/// <summary>What one candidate costs from some size of the prompt on.</summary>
/// <param name="Above">Input tokens beyond which it is the price.</param>
/// <param name="Input">US dollars per million input tokens.</param>
/// <param name="Output">The same for output tokens.</param>
/// <param name="Request">US dollars for a request as such.</param>
internal sealed record QuoteRow(int Above, decimal Input, decimal Output, decimal Request);
