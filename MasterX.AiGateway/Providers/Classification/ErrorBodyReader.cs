using System.Globalization;
using System.Text;
using System.Text.Json;

namespace MasterX.AiGateway.Providers.Classification;

/// <summary>Collects an <see cref="ErrorBody"/> from JSON of any of its shapes: what lies deepest counts first.</summary>
internal sealed class ErrorBodyReader(DateTimeOffset now)
{
    private const int LongestMessage = 1000;
    private const int LongestName = 100;

    /// <summary>How deep an error may be wrapped in others.</summary>
    private const int Deepest = 5;

    private readonly bool _isRelayed;
    private ErrorBody _body = new();

    private ErrorBodyReader(DateTimeOffset now, bool isRelayed) : this(now) => _isRelayed = isRelayed;

    public ErrorBody Read(JsonElement root)
    {
        Visit(root, 0);
        return _body;
    }

    private void Visit(JsonElement element, int depth)
    {
        if (depth > Deepest)
        {
            return;
        }

        switch (element.ValueKind)
        {
            case JsonValueKind.String:
                _body = _body with { Message = _body.Message ?? Text(element, LongestMessage) };
                break;
            case JsonValueKind.Array when element.GetArrayLength() > 0:
                Visit(element[0], depth + 1);
                break;
            case JsonValueKind.Object:
                VisitObject(element, depth);
                break;
        }
    }

    private void VisitObject(JsonElement element, int depth)
    {
        // What wraps an error says less than the error.
        foreach (var name in (ReadOnlySpan<string>)["error", "errors", "response", "messageStop", "message", "Message", "detail", "msg"])
        {
            if (element.TryGetProperty(name, out var inner))
            {
                Visit(inner, depth + 1);
            }
        }

        VisitChoices(element, depth);
        var code = Name(element, "code");
        _body = _body with
        {
            Type = _body.Type ?? TypeOf(element) ?? Name(element, "error_type") ?? ErrorBody.ExceptionOf(Name(element, "__type")),
            Reason = _body.Reason ?? Name(element, "stopReason"),
            Code = _body.Code ?? code,
            StatusName = _body.StatusName ?? Name(element, "status"),
            Parameter = _body.Parameter ?? Name(element, "param") ?? Location(element),
            Status = _body.Status ?? Status(element, "code") ?? Status(element, "status") ?? Status(element, "statusCode"),
            RetryAfter = _body.RetryAfter ?? Seconds(element, "retry_after") ?? Seconds(element, "estimated_time"),
        };
        if ((element.TryGetProperty("innererror", out var cause) || element.TryGetProperty("inner_error", out cause))
            && cause.ValueKind == JsonValueKind.Object)
        {
            _body = _body with { Reason = _body.Reason ?? Name(cause, "code") };
        }

        VisitDetails(element);
        VisitMetadata(element);
    }

    /// <summary>
    /// Google's details (<see href="https://google.aip.dev/193"/>): <c>ErrorInfo</c> says why, <c>RetryInfo</c> when to come back.
    /// </summary>
    private void VisitDetails(JsonElement element)
    {
        if (!element.TryGetProperty("details", out var details) || details.ValueKind != JsonValueKind.Array)
        {
            return;
        }

        foreach (var detail in details.EnumerateArray().Where(detail => detail.ValueKind == JsonValueKind.Object).Take(20))
        {
            var type = Name(detail, "@type") ?? "";
            if (type.EndsWith("google.rpc.RetryInfo", StringComparison.Ordinal) && detail.TryGetProperty("retryDelay", out var delay))
            {
                _body = _body with { RetryAfter = Delay(delay) ?? _body.RetryAfter };
            }
            else if (type.EndsWith("google.rpc.ErrorInfo", StringComparison.Ordinal))
            {
                _body = _body with
                {
                    Reason = Name(detail, "reason") ?? _body.Reason,
                    Resource = detail.TryGetProperty("metadata", out var metadata) && metadata.ValueKind == JsonValueKind.Object
                        && metadata.TryGetProperty("resource", out var resource) ? Text(resource, LongestMessage) : _body.Resource,
                };
            }
        }
    }

    /// <summary>
    /// OpenRouter's metadata (<see href="https://openrouter.ai/docs/api-reference/errors"/>): what was flagged, when a limit ends, and as
    /// <c>raw</c> the error of the provider behind it.
    /// </summary>
    private void VisitMetadata(JsonElement element)
    {
        if (!element.TryGetProperty("metadata", out var metadata) || metadata.ValueKind != JsonValueKind.Object)
        {
            return;
        }

        if (metadata.TryGetProperty("flagged_input", out _)
            || metadata.TryGetProperty("reasons", out var reasons) && reasons.ValueKind == JsonValueKind.Array)
        {
            _body = _body with { IsModeration = true };
        }

        if (metadata.TryGetProperty("headers", out var headers) && headers.ValueKind == JsonValueKind.Object
            && headers.TryGetProperty("X-RateLimit-Reset", out var reset))
        {
            _body = _body with { RetryAfter = _body.RetryAfter ?? Delay(reset) };
        }

        if (!_isRelayed && metadata.TryGetProperty("raw", out var raw))
        {
            _body = _body with { Relayed = ReadRelayed(raw) };
        }
    }

    private ErrorBody? ReadRelayed(JsonElement raw)
    {
        if (raw.ValueKind != JsonValueKind.String)
        {
            return new ErrorBodyReader(now, isRelayed: true).Read(raw) is { HasError: true } given ? given : null;
        }

        var text = raw.GetString()!;
        try
        {
            using var document = JsonDocument.Parse(text, new JsonDocumentOptions { MaxDepth = 32 });
            return new ErrorBodyReader(now, isRelayed: true).Read(document.RootElement) is { HasError: true } read ? read : null;
        }
        catch (JsonException)
        {
            return new ErrorBody { Message = Cut(text, LongestMessage) };
        }
    }

    /// <summary>
    /// Why an answer is none: Gemini's <c>promptFeedback.blockReason</c> or <c>finishReason</c>
    /// (<see href="https://ai.google.dev/api/generate-content#FinishReason"/>), OpenRouter's <c>finish_reason</c> with an <c>error</c>
    /// beside it.
    /// </summary>
    private void VisitChoices(JsonElement element, int depth)
    {
        if (element.TryGetProperty("promptFeedback", out var feedback) && feedback.ValueKind == JsonValueKind.Object
            && Name(feedback, "blockReason") is { } blocked)
        {
            _body = _body with { Reason = blocked, Message = $"The prompt was blocked: {blocked}.", IsModeration = true };
        }

        foreach (var (list, reason) in (ReadOnlySpan<(string, string)>)[("candidates", "finishReason"), ("choices", "finish_reason")])
        {
            if (element.TryGetProperty(list, out var array) && array.ValueKind == JsonValueKind.Array && array.GetArrayLength() > 0
                && array[0] is { ValueKind: JsonValueKind.Object } first)
            {
                if (first.TryGetProperty("error", out var error))
                {
                    Visit(error, depth + 1);
                }

                _body = _body with
                {
                    Reason = _body.Reason ?? Name(first, reason),
                    Message = _body.Message
                        ?? (first.TryGetProperty("finishMessage", out var message) ? Text(message, LongestMessage) : null),
                };
            }
        }
    }

    /// <summary>What wraps an error, or announces one, has a type too.</summary>
    private static string? TypeOf(JsonElement element) =>
        Name(element, "type") is { } type and not ("error" or "message" or "response.failed") ? type : null;

    /// <summary>FastAPI's <c>loc</c>: <c>["body","stream_options"]</c>.</summary>
    private static string? Location(JsonElement element)
    {
        if (!element.TryGetProperty("loc", out var path) || path.ValueKind != JsonValueKind.Array)
        {
            return null;
        }

        var text = new StringBuilder();
        foreach (var part in path.EnumerateArray().Skip(1).Take(8))
        {
            text.Append(text.Length > 0 ? "." : "");
            text.Append(part.ValueKind == JsonValueKind.String ? part.GetString() : part.GetRawText());
        }

        return text.Length is > 0 and <= LongestName ? text.ToString() : null;
    }

    /// <summary>A protobuf duration, as JSON has it or in its fields; or what a header would say.</summary>
    private TimeSpan? Delay(JsonElement delay) => delay.ValueKind switch
    {
        JsonValueKind.String => WaitText.Parse(delay.GetString(), now),
        JsonValueKind.Number => WaitText.Parse(delay.GetRawText(), now),
        JsonValueKind.Object => delay.TryGetProperty("seconds", out var seconds)
            ? WaitText.Parse(seconds.ValueKind == JsonValueKind.String ? seconds.GetString() : seconds.GetRawText(), now) : null,
        _ => null,
    };

    private TimeSpan? Seconds(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind is JsonValueKind.Number or JsonValueKind.String
            ? Delay(value)
            : null;

    private static int? Status(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value)
        && (value.ValueKind == JsonValueKind.Number ? value.TryGetInt32(out var status)
            : int.TryParse(TextOf(value), NumberStyles.None, CultureInfo.InvariantCulture, out status))
        && status is >= 300 and <= 599 ? status : null;

    private static string? TextOf(JsonElement value) => value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    /// <summary>A short text; what is longer is no name of anything.</summary>
    private static string? Name(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String
        && value.GetString() is { Length: > 0 and <= LongestName } text ? text : null;

    private static string? Text(JsonElement element, int longest) =>
        element.ValueKind == JsonValueKind.String && element.GetString() is { Length: > 0 } text ? Cut(text, longest) : null;

    /// <summary>Never in the middle of a surrogate pair, which could not be written again.</summary>
    private static string Cut(string text, int longest) =>
        text.Length <= longest ? text : text[..(char.IsHighSurrogate(text[longest - 1]) ? longest - 1 : longest)];
}
