using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using MasterX.ServiceDefaults.Http;

namespace MasterX.Api.Ai;

/// <summary>A streamed answer of the gateway while it is read; or what the gateway answered instead.</summary>
internal sealed class GatewayStream(HttpResponseMessage response) : IAsyncDisposable
{
    private readonly StringBuilder _text = new();
    private double _logprobs;
    private int _tokens;
    private double? _average;
    private string? _finish;

    /// <summary>When there is no stream.</summary>
    public GatewayAnswer? Failure { get; init; }

    /// <summary>Why the stream broke off, when it did.</summary>
    public string? Error { get; private set; }

    /// <summary>Pieces of the text as they come. Afterwards <see cref="Error"/> tells whether that was all of it.</summary>
    /// <param name="deadline">When the service has to end, and with it the stream.</param>
    /// <param name="cancellationToken">Ends it when its caller has left.</param>
    public async IAsyncEnumerable<string> ReadAsync(CancellationToken deadline, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, deadline);
        using var lines = new StreamReader(await response.Content.ReadAsStreamAsync(cancellationToken), Encoding.UTF8);
        var done = false;
        while (!done)
        {
            string? line;
            try
            {
                line = await lines.ReadLineAsync(ending.Token);
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                (line, Error) = (null, "The answer broke off: the service is shutting down. Another instance takes over.");
            }
            catch (Exception cut) when (cut is IOException or HttpRequestException)
            {
                line = null;
            }

            if (line is null)
            {
                break;
            }

            await SocketThread.LeaveFor(line.Length);

            if (line.StartsWith("data: ", StringComparison.Ordinal))
            {
                done = line == "data: [DONE]";
                if (!done && Take(line["data: ".Length..]) is { Length: > 0 } text)
                {
                    _text.Append(text);
                    yield return text;
                }
            }
        }

        Error ??= done ? null : "The answer broke off: the gateway's stream was cut.";
    }

    /// <summary>What there is of the answer by now.</summary>
    public GatewayAnswer Answer => GatewayClient.Described(response) with
    {
        Success = _finish is not (null or FinishReason.ContentFilter),
        FinishReason = _finish,
        Content = _text.ToString(),
        Confidence = Confidence.OfMean(_average ?? (_tokens > 0 ? _logprobs / _tokens : null)),
    };

    public ValueTask DisposeAsync()
    {
        response.Dispose();
        return ValueTask.CompletedTask;
    }

    /// <summary>Reads a chunk (<see href="https://platform.openai.com/docs/api-reference/chat-streaming"/>).</summary>
    private string? Take(string data)
    {
        try
        {
            using var chunk = JsonDocument.Parse(data);
            var root = chunk.RootElement;
            if (root.TryGetProperty("error", out var error) && error.ValueKind == JsonValueKind.Object)
            {
                Error = error.TryGetProperty("message", out var message) ? message.GetString() : "The answer broke off.";
                return null;
            }

            if (!root.TryGetProperty("choices", out var choices) || choices.ValueKind != JsonValueKind.Array || choices.GetArrayLength() == 0)
            {
                return null;
            }

            var choice = choices[0];
            if (choice.TryGetProperty("finish_reason", out var finish) && finish.ValueKind == JsonValueKind.String)
            {
                _finish = FinishReason.Of(finish.GetString());
            }

            if (choice.TryGetProperty("avg_logprobs", out var average) && average.ValueKind == JsonValueKind.Number)
            {
                _average = average.GetDouble();
            }

            foreach (var logprob in Confidence.LogProbabilities(choice))
            {
                _logprobs += logprob;
                _tokens++;
            }

            return choice.TryGetProperty("delta", out var delta) && delta.ValueKind == JsonValueKind.Object && delta.TryGetProperty("content", out var content) && content.ValueKind == JsonValueKind.String
                ? content.GetString()
                : null;
        }
        catch (JsonException)
        {
            // The gateway checks every event; one that is cut is followed by the end of the stream.
            return null;
        }
    }
}
