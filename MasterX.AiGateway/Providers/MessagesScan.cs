using System.Text.Json;
using MasterX.AiGateway.Requests;
using MasterX.AiGateway.Routing;
using MasterX.AiGateway.Telemetry;

namespace MasterX.AiGateway.Providers;

/// <summary>
/// What one pass over an answer in Anthropic's format finds: whether it is one, and the tokens it cost. The counterpart of
/// <see cref="AnswerScan"/>.
/// </summary>
/// <param name="IsAnswer">Valid JSON with what was asked for: a message, or a count.</param>
/// <param name="Usage">When the provider counted.</param>
internal readonly partial record struct MessagesScan(bool IsAnswer, TokenUsage? Usage)
{
    /// <param name="answer">The whole of it.</param>
    /// <param name="operation">What was asked for.</param>
    /// <param name="candidate">Who was asked, where the model that the answer names is wanted.</param>
    public static MessagesScan Of(ReadOnlySpan<byte> answer, Operation operation, Candidate? candidate = null)
    {
        var (found, isError) = (false, false);
        TokenUsage? usage = null;
        string? model = null;
        try
        {
            var json = new Utf8JsonReader(answer);
            if (!json.Read() || json.TokenType != JsonTokenType.StartObject)
            {
                return default;
            }

            while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
            {
                if (json.ValueTextEquals(operation.AnswerFieldUtf8.Span))
                {
                    json.Read();
                    found = json.TokenType == (operation == Operation.CountTokens ? JsonTokenType.Number : JsonTokenType.StartArray);
                }
                else if (json.ValueTextEquals("usage"u8))
                {
                    json.Read();
                    usage = ReadUsage(ref json, default) ?? usage;
                    continue;
                }
                else if (candidate is not null && json.ValueTextEquals("model"u8))
                {
                    json.Read();
                    model = candidate.NameOf(ref json);
                }
                else if (json.ValueTextEquals("type"u8))
                {
                    json.Read();
                    isError = json.TokenType == JsonTokenType.String && json.ValueTextEquals("error"u8);
                }

                json.Skip();
            }

            while (json.Read())
            {
            }
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            return default;
        }

        return new MessagesScan(found && !isError, usage is { } counted ? counted with { Model = model } : null);
    }
}
