using System.Text.Json;
using MasterX.AiGateway.Telemetry;
using MasterX.AiGateway.Translation.Vocabulary;

namespace MasterX.AiGateway.Translation.Answers;

/// <summary>
/// The items of a response of OpenAI's API (<see href="https://platform.openai.com/docs/api-reference/responses/object"/>), as they come:
/// messages, thoughts with what their provider wants back in <c>encrypted_content</c>, calls, images.
/// </summary>
/// <param name="model">What was asked for, until the provider says better.</param>
/// <param name="id">The response's, as the caller is to know it.</param>
/// <param name="echo">Members of the request that a response repeats, their values as JSON.</param>
/// <param name="created">Seconds since 1970.</param>
internal sealed class ResponseItems(string model, Func<string?, string> id, IReadOnlyList<KeyValuePair<string, string>> echo, long created)
{
    private List<ResponseItem> _items = [];
    private string? _id;
    private string _model = model;

    public IReadOnlyList<ResponseItem> Items => _items;

    public StopReason Reason { get; set; }

    public void Begin(string? named, string? model) => (_id, _model) = (_id ?? (named is null ? null : id(named)), model ?? _model);

    /// <summary>The same as far as it has come; the last item has a text of its own, as it may be added to.</summary>
    public ResponseItems Copy()
    {
        var copy = (ResponseItems)MemberwiseClone();
        copy._items = [.. _items.Select((item, index) => index == _items.Count - 1 ? item.Copy() : item)];
        return copy;
    }

    public ResponseItem Add(ResponseItem item)
    {
        _items.Add(item);
        return item;
    }

    /// <summary>Whether some of the answer is missing.</summary>
    public bool IsIncomplete => Reason is StopReason.MaxTokens or StopReason.ContextFull or StopReason.ContentFilter
        || (Reason == StopReason.Refusal && !_items.Exists(item => item.IsRefusal));

    /// <summary>Writes the response's members.</summary>
    /// <param name="json">Stands in an object.</param>
    /// <param name="isOver">Whether all of it has come.</param>
    /// <param name="usage">As far as it is known.</param>
    public void Write(Utf8JsonWriter json, bool isOver, TokenUsage? usage)
    {
        var isIncomplete = isOver && IsIncomplete;
        json.WriteString("id", _id ??= id(null));
        json.WriteString("object", "response");
        json.WriteNumber("created_at", created);
        json.WriteString("status", !isOver ? "in_progress" : isIncomplete ? "incomplete" : "completed");
        json.WriteNull("error");
        if (isIncomplete)
        {
            json.WriteStartObject("incomplete_details");
            json.WriteString("reason", Reason is StopReason.MaxTokens or StopReason.ContextFull ? "max_output_tokens" : "content_filter");
            json.WriteEndObject();
        }
        else
        {
            json.WriteNull("incomplete_details");
        }

        json.WriteString("model", _model);
        json.WriteStartArray("output");
        foreach (var item in _items)
        {
            json.WriteStartObject();
            item.Write(json, isOver: true, isIncomplete && item == _items[^1]);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteNull("previous_response_id");
        json.WriteBoolean("store", false);
        foreach (var (name, value) in echo)
        {
            json.WritePropertyName(name);
            json.WriteRawValue(value, skipInputValidation: true);
        }

        if (usage is { } counted && isOver)
        {
            json.WriteStartObject("usage");
            json.WriteNumber("input_tokens", counted.Input);
            json.WriteStartObject("input_tokens_details");
            json.WriteNumber("cached_tokens", counted.CachedInput);
            json.WriteEndObject();
            json.WriteNumber("output_tokens", counted.Output);
            json.WriteStartObject("output_tokens_details");
            json.WriteNumber("reasoning_tokens", counted.Reasoning);
            json.WriteEndObject();
            json.WriteNumber("total_tokens", counted.Input + counted.Output);
            json.WriteEndObject();
        }
        else
        {
            json.WriteNull("usage");
        }
    }
}
