using System.Text.Json;

namespace MasterX.AiGateway.Requests;

/// <summary>
/// The tokens of a request, reckoned here where no provider counts them: <c>{"input_tokens":n}</c> with the header
/// <c>x-masterx-tokens-estimated</c>.
/// </summary>
internal static class TokenCount
{
    /// <summary>A rule of thumb for text, in UTF-8; the signs of JSON around it make up for those that each turn costs.</summary>
    private const int BytesPerToken = 4;

    /// <summary>
    /// What an image costs at most at the size it is brought to before it is looked at
    /// (<see href="https://docs.anthropic.com/en/docs/build-with-claude/vision#evaluate-image-size"/>); its bytes say nothing.
    /// </summary>
    private const int TokensPerImage = 1600;

    public static async Task WriteAsync(HttpContext context, ModelRequest request)
    {
        using var buffer = new PooledBuffer(64);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteNumber("input_tokens", Estimate(request.Body.Span));
            json.WriteEndObject();
        }

        context.Response.Headers["x-masterx-tokens-estimated"] = "true";
        context.Response.ContentType = "application/json";
        context.Response.ContentLength = buffer.Length;
        await context.Response.BodyWriter.WriteAsync(buffer.Memory, context.RequestAborted);
    }

    /// <param name="request">Valid JSON.</param>
    public static int Estimate(ReadOnlySpan<byte> request)
    {
        var (bytes, images) = (0L, 0);
        var json = new Utf8JsonReader(request);
        var isData = false;
        while (json.Read())
        {
            if (json.TokenType == JsonTokenType.PropertyName)
            {
                isData = json.ValueTextEquals("data"u8);
            }
            else if (isData && json.TokenType == JsonTokenType.String)
            {
                images++;
                continue;
            }

            bytes += json.ValueSpan.Length;
        }

        return (int)Math.Min(int.MaxValue, Math.Max(1, bytes / BytesPerToken) + (long)images * TokensPerImage);
    }
}
