using Microsoft.OpenApi;

namespace MasterX.Api.OpenApi;

/// <summary>What comes in the streams of events, by operation id.</summary>
internal static class ApiEvents
{
    private const string Media = "text/event-stream";

    private static readonly Dictionary<string, (string Description, string Example)> ById = new()
    {
        ["generate"] = (
            "delta, any number of times, with the next piece of text; then done, with the same object that a whole answer is, or error, with status, detail and id.",
            "event: delta\ndata: {\"content\":\"A circuit breaker\"}\n\nevent: done\ndata: {\"id\":\"gen_01a20bad32ca7f58b4532de29093a2b3\",\"success\":true,\"content\":\"A circuit breaker\"}\n\n"),
        ["createChatCompletion"] = (
            "OpenAI's chat.completion.chunk objects, then [DONE]; a stream that breaks off ends with an object that has error, and without [DONE]. Lines that begin with a colon keep the connection alive.",
            "data: {\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"It\"},\"finish_reason\":null}]}\n\ndata: [DONE]\n\n"),
        ["createResponse"] = (
            "OpenAI's response events, the last of which is response.completed, response.incomplete, response.failed or error.",
            "event: response.output_text.delta\ndata: {\"type\":\"response.output_text.delta\",\"sequence_number\":4,\"item_id\":\"msg_1\",\"output_index\":0,\"content_index\":0,\"delta\":\"It\"}\n\n"),
        ["createMessage"] = (
            "Anthropic's events: message_start, content_block_start, content_block_delta, content_block_stop, message_delta, message_stop, with ping in between; a stream that breaks off ends with error.",
            "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"It\"}}\n\nevent: message_stop\ndata: {\"type\":\"message_stop\"}\n\n"),
    };

    public static void AddTo(OpenApiOperation operation)
    {
        if (operation.OperationId is { } id && ById.TryGetValue(id, out var events)
            && operation.Responses?.GetValueOrDefault("200")?.Content is { } content && content.TryGetValue(Media, out var stream))
        {
            stream.Schema = new OpenApiSchema { Type = JsonSchemaType.String, Description = events.Description };
            stream.Example = events.Example;
        }
    }
}
