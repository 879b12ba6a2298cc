using System.Text.Json;
using System.Text.Json.Nodes;
using MasterX.Api.Calls;
using MasterX.ServiceDefaults.Http;
using MasterX.ServiceDefaults.Telemetry;
using Polly.CircuitBreaker;
using Polly.Timeout;

namespace MasterX.Api.Ai;

/// <summary>Asks the AI gateway for a chat completion.</summary>
/// <param name="http">Its base address is the gateway's, its credentials the gateway's token.</param>
internal sealed class GatewayClient(HttpClient http)
{
    private const string Path = "/v1/chat/completions";

    /// <exception cref="GatewayUnavailableException">The gateway cannot be reached, or does not accept this service.</exception>
    public async Task<GatewayAnswer> CompleteAsync(GenerateRequest request, Call call, CancellationToken cancellationToken)
    {
        try
        {
            using var response = await SendAsync(Body(request, stream: false), call, HttpCompletionOption.ResponseContentRead, cancellationToken);
            await SocketThread.LeaveFor(response.Content.Headers.ContentLength ?? 0);
            using var body = await JsonDocument.ParseAsync(await response.Content.ReadAsStreamAsync(cancellationToken), cancellationToken: cancellationToken);
            return response.IsSuccessStatusCode ? Success(response, body.RootElement) : Failure(response, body.RootElement);
        }
        catch (Exception error) when (error is HttpRequestException or TimeoutRejectedException or BrokenCircuitException or JsonException)
        {
            throw new GatewayUnavailableException("The AI gateway does not answer.", error);
        }
    }

    /// <summary>Opens a streamed answer.</summary>
    /// <exception cref="GatewayUnavailableException">The gateway cannot be reached, or does not accept this service.</exception>
    public async Task<GatewayStream> OpenAsync(GenerateRequest request, Call call, CancellationToken cancellationToken)
    {
        try
        {
            var response = await SendAsync(Body(request, stream: true), call, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            if (response.IsSuccessStatusCode)
            {
                return new GatewayStream(response);
            }

            using var body = await JsonDocument.ParseAsync(await response.Content.ReadAsStreamAsync(cancellationToken), cancellationToken: cancellationToken);
            return new GatewayStream(response) { Failure = Failure(response, body.RootElement) };
        }
        catch (Exception error) when (error is HttpRequestException or TimeoutRejectedException or BrokenCircuitException or JsonException)
        {
            throw new GatewayUnavailableException("The AI gateway does not answer.", error);
        }
    }

    private async Task<HttpResponseMessage> SendAsync(JsonObject body, Call call, HttpCompletionOption completion, CancellationToken cancellationToken)
    {
        using var message = new HttpRequestMessage(HttpMethod.Post, Path) { Content = JsonContent.Create(body) }.WithUrlTemplate(Path);
        message.Headers.Add("x-masterx-consumer", call.OwnerId);
        message.Headers.Add(GatewayCalls.CallHeader, call.Id);
        if (RequestIdentity.Current?.TraceParent is { } parent)
        {
            message.Headers.TryAddWithoutValidation("traceparent", parent);
        }

        var response = await http.SendAsync(message, completion, cancellationToken);
        if (response.StatusCode is not System.Net.HttpStatusCode.Unauthorized)
        {
            return response;
        }

        response.Dispose();
        throw new GatewayUnavailableException("The AI gateway does not accept this service's token. Gateway__Token has to be the same for both.", null);
    }

    /// <summary>OpenAI's chat completion request. Log-probabilities are asked for because the confidence is computed from them.</summary>
    private static JsonObject Body(GenerateRequest request, bool stream)
    {
        var messages = new JsonArray();
        if (!string.IsNullOrEmpty(request.System))
        {
            messages.Add(new JsonObject { ["role"] = "system", ["content"] = request.System });
        }

        messages.Add(new JsonObject { ["role"] = "user", ["content"] = request.Prompt });
        var body = new JsonObject { ["messages"] = messages, ["logprobs"] = true };
        if (request.Model is { } model)
        {
            body["model"] = model;
        }

        if (request.MaxTokens is { } most)
        {
            body["max_tokens"] = most;
        }

        if (request.Temperature is { } temperature)
        {
            body["temperature"] = temperature;
        }

        if (stream)
        {
            body["stream"] = true;
        }

        return body;
    }

    private static GatewayAnswer Success(HttpResponseMessage response, JsonElement body)
    {
        var choice = body.GetProperty("choices")[0];
        var content = choice.TryGetProperty("message", out var message) && message.ValueKind == JsonValueKind.Object && message.TryGetProperty("content", out var text) && text.ValueKind == JsonValueKind.String
            ? text.GetString()
            : null;
        var finish = FinishReason.Of(choice.TryGetProperty("finish_reason", out var reason) && reason.ValueKind == JsonValueKind.String ? reason.GetString() : null);
        return Described(response) with
        {
            Success = content is not null && finish != FinishReason.ContentFilter,
            FinishReason = finish,
            Content = content ?? "",
            Confidence = Confidence.Of(choice),
        };
    }

    /// <summary>An answer as far as its headers tell of it.</summary>
    internal static GatewayAnswer Described(HttpResponseMessage response) => new()
    {
        Status = (int)response.StatusCode,
        Provider = Header(response, "x-masterx-provider") ?? "unknown",
        Model = Header(response, "x-masterx-model") ?? "unknown",
        Cached = Header(response, "x-masterx-cached") == "true",
        Attempts = AttemptList.Parse(Header(response, "x-masterx-attempt-list")),
        Spent = GatewayCalls.Parse(Header(response, GatewayCalls.SpentHeader)),
    };

    private static GatewayAnswer Failure(HttpResponseMessage response, JsonElement body) => new()
    {
        Status = (int)response.StatusCode,
        Error = body.TryGetProperty("error", out var error) && error.TryGetProperty("message", out var message) ? message.GetString() : null,
        RetryAfter = response.Headers.RetryAfter?.Delta,
        Attempts = AttemptList.Parse(Header(response, "x-masterx-attempt-list")),
        Spent = GatewayCalls.Parse(Header(response, GatewayCalls.SpentHeader)) ?? [],
    };

    internal static string? Header(HttpResponseMessage response, string name) =>
        response.Headers.TryGetValues(name, out var values) ? values.First() : null;
}

/// <summary>What the gateway answered: a completion, or an error that is not this service's.</summary>
internal sealed record GatewayAnswer
{
    public required int Status { get; init; }

    public bool Success { get; init; }

    public string Content { get; init; } = "";

    /// <summary>Why it ended; <see langword="null"/> where that was not said, or not heard.</summary>
    public string? FinishReason { get; init; }

    public double? Confidence { get; init; }

    public string Provider { get; init; } = "";

    public string Model { get; init; } = "";

    /// <summary>What each attempt has spent; <see langword="null"/> where the answer does not say, as of a stream.</summary>
    public IReadOnlyList<Spending>? Spent { get; init; }

    public bool Cached { get; init; }

    public required IReadOnlyList<GenerationAttempt> Attempts { get; init; }

    /// <summary>The gateway's words, when <see cref="Status"/> is not 200.</summary>
    public string? Error { get; init; }

    public TimeSpan? RetryAfter { get; init; }
}

/// <summary>The gateway cannot be used at the moment.</summary>
/// <param name="message">For an operator.</param>
/// <param name="inner">Why.</param>
internal sealed class GatewayUnavailableException(string message, Exception? inner) : Exception(message, inner)
{
    /// <summary>Whether a call has not come to the gateway, or no further than its door, and so to no model either.</summary>
    public bool HasCostNothing => InnerException is null or BrokenCircuitException || IsBeforeIt(InnerException);

    /// <summary>Whether there was no connection to the gateway.</summary>
    public static bool IsBeforeIt(Exception? error) =>
        error is HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError or HttpRequestError.SecureConnectionError };
}
