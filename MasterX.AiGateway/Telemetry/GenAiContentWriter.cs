using System.Text;
using System.Text.Json;

namespace MasterX.AiGateway.Telemetry;

/// <summary>
/// Writes one attribute of captured content, in the schemas of OpenTelemetry's conventions for
/// <see href="https://github.com/open-telemetry/semantic-conventions-genai/blob/main/model/gen-ai/gen-ai-input-messages.json">messages</see>,
/// <see href="https://github.com/open-telemetry/semantic-conventions-genai/blob/main/model/gen-ai/gen-ai-system-instructions.json">instructions</see>
/// and
/// <see href="https://github.com/open-telemetry/semantic-conventions-genai/blob/main/model/gen-ai/gen-ai-tool-definitions.json">tools</see>.
/// </summary>
internal sealed class GenAiContentWriter : BoundedJsonArray
{
    private const int LongestKind = 64;

    public void BeginMessage(string role)
    {
        BeginElement();
        Json.WriteString("role"u8, role);
        Json.WriteStartArray("parts"u8);
    }

    /// <param name="finishReason">Of an output message, in the conventions' words.</param>
    public void EndMessage(string? finishReason = null)
    {
        Json.WriteEndArray();
        if (finishReason is not null)
        {
            Json.WriteString("finish_reason"u8, finishReason);
        }

        Json.WriteEndObject();
    }

    public void Text(string content) => Part("text"u8, content);

    public void Reasoning(string content) => Part("reasoning"u8, content);

    /// <summary>The conventions have no part of this kind, but allow for others.</summary>
    public void Refusal(string content) => Part("refusal"u8, content);

    /// <param name="id">As the model named the call.</param>
    /// <param name="name">The tool's.</param>
    /// <param name="arguments">A JSON object, as a text, if the model made no mistake; else that text.</param>
    public void ToolCall(string? id, string? name, string? arguments)
    {
        Begin("tool_call"u8);
        Field("id"u8, id);
        Json.WriteString("name"u8, Take(name ?? ""));
        if (arguments is not null)
        {
            WriteObjectOrText("arguments"u8, arguments);
        }

        Json.WriteEndObject();
    }

    public void ToolCallResponse(string? id, string response)
    {
        Begin("tool_call_response"u8);
        Field("id"u8, id);
        Json.WriteString("response"u8, Take(response));
        Json.WriteEndObject();
    }

    /// <summary>A tool that the provider runs by itself.</summary>
    /// <param name="kind">The item's type.</param>
    /// <param name="item">The item, which has that type too.</param>
    public void ServerToolCall(string kind, JsonElement item)
    {
        Begin("server_tool_call"u8);
        Field("id"u8, GenAiJson.Text(item, "id"u8));
        Json.WriteString("name"u8, Take(kind));
        if (!TryWriteField("server_tool_call"u8, item))
        {
            Json.WriteStartObject("server_tool_call"u8);
            Json.WriteString("type"u8, Take(kind));
            Json.WriteEndObject();
        }

        Json.WriteEndObject();
    }

    /// <param name="modality"><c>image</c>, <c>audio</c>, <c>video</c>, <c>document</c>.</param>
    /// <param name="mediaType">When it is known.</param>
    /// <param name="base64">The data; left out when it is larger than what may still be taken in.</param>
    /// <param name="transcript">Of audio.</param>
    public void Blob(string modality, string? mediaType, string base64, string? transcript = null)
    {
        Begin("blob"u8);
        Field("mime_type"u8, mediaType);
        Json.WriteString("modality"u8, modality);
        var whole = TryTakeWhole(base64);
        Json.WriteString("content"u8, whole ? base64 : "");
        if (!whole)
        {
            Json.WriteNumber("cut_characters"u8, base64.Length);
        }

        Field("transcript"u8, transcript);
        Json.WriteEndObject();
    }

    public void Uri(string modality, string? mediaType, string uri)
    {
        Begin("uri"u8);
        Field("mime_type"u8, mediaType);
        Json.WriteString("modality"u8, modality);
        Json.WriteString("uri"u8, Take(uri));
        Json.WriteEndObject();
    }

    public void File(string modality, string id)
    {
        Begin("file"u8);
        Json.WriteString("modality"u8, modality);
        Json.WriteString("file_id"u8, Take(id));
        Json.WriteEndObject();
    }

    /// <summary>A part of a kind that is not known here, as it is.</summary>
    public void Other(string kind, JsonElement part)
    {
        if (!TryWriteElement(part))
        {
            Begin(Encoding.UTF8.GetBytes(Cut(kind, LongestKind)));
            Json.WriteEndObject();
        }
    }

    /// <param name="kind"><c>function</c>, or another kind of tool.</param>
    /// <param name="name">Its name.</param>
    /// <param name="description">In words.</param>
    /// <param name="parameters">A JSON schema.</param>
    public void Tool(string kind, string name, string? description, JsonElement? parameters)
    {
        BeginElement();
        Json.WriteString("type"u8, Take(kind));
        Json.WriteString("name"u8, Take(name));
        Field("description"u8, description);
        if (parameters is { ValueKind: JsonValueKind.Object } schema)
        {
            TryWriteField("parameters"u8, schema);
        }

        Json.WriteEndObject();
    }

    private void Begin(ReadOnlySpan<byte> kind)
    {
        BeginElement();
        Json.WriteString("type"u8, kind);
    }

    private void Part(ReadOnlySpan<byte> kind, string content)
    {
        Begin(kind);
        Json.WriteString("content"u8, Take(content));
        Json.WriteEndObject();
    }
}
