using System.Text.Json;

namespace MasterX.AiGateway.Providers.Classification;

/// <summary>
/// What a provider says went wrong, in whatever shape: <c>{"error":{…}}</c> (OpenAI, Google, Anthropic, OpenRouter), the same in an array
/// (Google), <c>{"error":"…"}</c> (Ollama, TGI), <c>{"object":"error",…}</c> (vLLM, Mistral), <c>{"detail":…}</c> (FastAPI),
/// <c>{"message":"…"}</c> (Cohere, gateways, AWS), <c>{"errors":[…]}</c> (Cloudflare), a page of a proxy; and, of answers that are none, a
/// candidate's or choice's own reason. It says what is there and judges nothing.
/// </summary>
internal sealed record ErrorBody
{
    /// <summary>More of a body is not looked at.</summary>
    public const int Looked = 64 * 1024;

    /// <summary>Nothing that can be read.</summary>
    public static readonly ErrorBody None = new();

    /// <summary>In words, cut to a length that can be passed on.</summary>
    public string? Message { get; init; }

    /// <summary>The error's <c>type</c>.</summary>
    public string? Type { get; init; }

    /// <summary>The error's <c>code</c>, where it is a text.</summary>
    public string? Code { get; init; }

    /// <summary>Google's <c>status</c>: <c>RESOURCE_EXHAUSTED</c>.</summary>
    public string? StatusName { get; init; }

    /// <summary>
    /// Closer than the code: Google's <c>ErrorInfo.reason</c>, Azure's <c>innererror.code</c>, why a candidate or choice ended.
    /// </summary>
    public string? Reason { get; init; }

    /// <summary>The field at fault.</summary>
    public string? Parameter { get; init; }

    /// <summary>What the permission is missing for, as Google names it.</summary>
    public string? Resource { get; init; }

    /// <summary>The error's own HTTP status, which relays put into a good answer.</summary>
    public int? Status { get; init; }

    /// <summary>How long it asks to be left alone.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>Whether it is a page or plain text: not the API itself that speaks, but something before it.</summary>
    public bool IsPage { get; init; }

    /// <summary>Whether it lists what a filter flagged.</summary>
    public bool IsModeration { get; init; }

    /// <summary>The error another provider gave to this one.</summary>
    public ErrorBody? Relayed { get; init; }

    /// <summary>Whether there is an error in it at all.</summary>
    public bool HasError =>
        Message is not null || Type is not null || Code is not null || StatusName is not null || Reason is not null || Relayed is not null;

    /// <summary>Whether the error is called this.</summary>
    public bool Names(string code) => Is(Code, code) || Is(Type, code) || Is(StatusName, code) || Is(Reason, code);

    /// <summary>Reads a body; whatever is in it, it throws nothing.</summary>
    /// <param name="body">As it came; an event's data, too.</param>
    /// <param name="now">For points in time.</param>
    public static ErrorBody Read(ReadOnlyMemory<byte> body, DateTimeOffset now)
    {
        body = body[..Math.Min(body.Length, Looked)];
        var text = body.Span.TrimStart("\uFEFF"u8).TrimStart(" \t\r\n"u8);
        if (text.Length == 0)
        {
            return None;
        }

        if (text[0] is not ((byte)'{' or (byte)'[' or (byte)'"'))
        {
            return new ErrorBody { IsPage = true };
        }

        try
        {
            using var document = JsonDocument.Parse(body[^text.Length..], new JsonDocumentOptions { MaxDepth = 32 });
            return new ErrorBodyReader(now).Read(document.RootElement);
        }
        catch (Exception unreadable) when (unreadable is JsonException or InvalidOperationException)
        {
            // InvalidOperationException: a text that is not valid once unescaped.
            return None;
        }
    }

    /// <summary>AWS's name of an error, without where it comes from: <c>com.amazon.x#Name</c>, <c>Name:http://…</c>.</summary>
    public static string? ExceptionOf(string? name) => name?[(name.IndexOf('#', StringComparison.Ordinal) + 1)..].Split(':')[0];

    private static bool Is(string? said, string code) => string.Equals(said, code, StringComparison.OrdinalIgnoreCase);
}
