using System.Text.Json;
using MasterX.AiGateway.Chat;
using MasterX.AiGateway.Routing;
using MasterX.AiGateway.Streaming;

namespace MasterX.AiGateway.Providers;

/// <summary>Gemini's own API, <c>generateContent</c> (<see href="https://ai.google.dev/api/generate-content"/>).</summary>
internal sealed class GeminiWireFormat : WireFormat
{
    public static readonly GeminiWireFormat Instance = new();

    public override Uri ChatUri(Uri baseUrl, string model, bool stream) =>
        new(baseUrl, $"models/{Uri.EscapeDataString(model)}:{(stream ? "streamGenerateContent?alt=sse" : "generateContent")}");

    public override (string Name, string Value) Authentication(string key) => ("x-goog-api-key", key);

    public override ReadOnlyMemory<byte> WriteChatRequest(ChatRequest request, Candidate candidate, PooledBuffer scratch)
    {
        try
        {
            using var document = JsonDocument.Parse(request.Body);
            using var json = new Utf8JsonWriter(scratch);
            GeminiRequest.Write(document.RootElement, json);
        }
        catch (Exception error) when (error is InvalidOperationException or JsonException or ArgumentException)
        {
            // A part of another JSON type than OpenAI's format has there, or text with half a surrogate pair. A provider that speaks the format says it better, if there is one.
            throw new UntranslatableRequestException("A part of the request is not of the type that the chat completions format has there.", null);
        }

        return scratch.Memory;
    }

    public override ProviderAnswer ReadChatAnswer(PooledBuffer answer, Candidate candidate)
    {
        using (answer)
        {
            try
            {
                using var document = JsonDocument.Parse(answer.Memory);
                var root = document.RootElement;
                if (GeminiAnswer.IsAnswer(root))
                {
                    var body = new PooledBuffer(answer.Length + 512);
                    using (var json = new Utf8JsonWriter(body))
                    {
                        GeminiAnswer.Write(root, candidate.Model, DateTimeOffset.UtcNow.ToUnixTimeSeconds(), json);
                    }

                    return new ProviderAnswer { Outcome = AttemptOutcome.Success, Status = StatusCodes.Status200OK, Body = body, Usage = GeminiAnswer.ReadUsage(root) };
                }
            }
            catch (Exception error) when (error is JsonException or InvalidOperationException)
            {
                // Not what Gemini's API gives; InvalidOperationException is text that is not valid UTF-16 once unescaped.
            }

            return new ProviderAnswer { Outcome = AttemptOutcome.BrokenAnswer, Status = StatusCodes.Status200OK };
        }
    }

    public override StreamFrames OpenFrames(ChatRequest request, Candidate candidate, PartialAnswer? partial, bool continuing) =>
        new GeminiFrames(candidate.Model) { CallerWantsUsage = request.Usage == StreamUsage.Wanted, Partial = partial, Continuing = continuing };

    /// <summary>Google's error model: <c>{"error":{"code":400,"message":"…","status":"INVALID_ARGUMENT"}}</c> (<see href="https://google.aip.dev/193"/>).</summary>
    public override ProviderError? ReadError(ReadOnlyMemory<byte> body)
    {
        try
        {
            using var json = JsonDocument.Parse(body);
            var root = json.RootElement;
            return root.ValueKind == JsonValueKind.Object && root.TryGetProperty("error", out var error) && error.ValueKind == JsonValueKind.Object
                && error.TryGetProperty("message", out var message) && message.ValueKind == JsonValueKind.String
                    ? new ProviderError(message.GetString()!, error.TryGetProperty("status", out var status) && status.ValueKind == JsonValueKind.String ? status.GetString() : null, null)
                    : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
