using System.Buffers;
using System.Text.Json;
using MasterX.AiGateway.Requests;
using MasterX.AiGateway.Providers;
using MasterX.AiGateway.Translation.Answers;

namespace MasterX.AiGateway.Streaming;

/// <summary>
/// Chunks in OpenAI's format (<see href="https://platform.openai.com/docs/api-reference/chat-streaming"/>): looked at in one pass, and passed on byte for byte.
/// The chunks of one stream mostly differ in their text alone; one that is the last one's bytes around another text is known without being parsed.
/// </summary>
internal sealed class OpenAiFrames : StreamFrames
{
    /// <summary>What ends a JSON string, needs a closer look, or may not stand in one.</summary>
    private static readonly SearchValues<byte> NotPlain = SearchValues.Create([.. Enumerable.Range(0, 0x20).Select(control => (byte)control), (byte)'"', (byte)'\\']);

    /// <summary>The last chunk that was parsed and brought a piece of text and nothing else; its length, and where in it the text lay.</summary>
    private byte[] _last = [];
    private Range _text;
    private int _lastLength;

    /// <summary>Whether the caller asked for the chunk with the usage; when only the gateway did, the caller does not see it.</summary>
    public required bool CallerWantsUsage { get; init; }

    public override AnswerStreamWriter? WriterSoFar => ChatChunkWriter.GoingOn(CallerWantsUsage);

    public override FrameKind Read(ReadOnlySpan<byte> data, PooledBuffer output)
    {
        if (data.SequenceEqual("[DONE]"u8))
        {
            return FrameKind.Done;
        }

        if (IsLikeTheLast(data, out var characters))
        {
            Characters += characters;
            Write(output, "data: "u8, data, "\n\n"u8);
            return FrameKind.Content;
        }

        var chunk = new Chunk();
        try
        {
            var json = new Utf8JsonReader(data);
            if (!json.Read() || json.TokenType != JsonTokenType.StartObject)
            {
                return FrameKind.Unparseable;
            }

            ReadChunk(ref json, ref chunk);
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            return FrameKind.Unparseable;
        }

        if (chunk.Failed)
        {
            return FrameKind.Error;
        }

        Span?.Read(data);
        if (chunk.Said is { } said)
        {
            // Not before all of the chunk could be read: the caller has what was passed on, and nothing else is gone on with.
            Partial!.Append(said);
        }

        Finished |= chunk.Finish;
        Said |= chunk.Content;
        Characters += chunk.Characters;
        if (chunk is { Texts: 1, Content: true, OtherContent: false, Finish: false, HasUsage: false })
        {
            Remember(data, chunk.Text);
        }

        var usageOnly = chunk.HasUsage && !chunk.HasChoice;
        if (usageOnly && !CallerWantsUsage)
        {
            return FrameKind.Lifecycle;
        }

        Write(output, "data: "u8, data, "\n\n"u8);
        return chunk.Content || chunk.Finish || usageOnly ? FrameKind.Content : FrameKind.Lifecycle;
    }

    private bool IsLikeTheLast(ReadOnlySpan<byte> data, out int characters)
    {
        var last = _last.AsSpan(0, _lastLength);
        var before = last[.._text.Start];
        var after = last[_text.End..];
        characters = data.Length - before.Length - after.Length;
        return characters > 0 && _lastLength > 0
            && data.StartsWith(before) && data.EndsWith(after)
            && !data.Slice(before.Length, characters).ContainsAny(NotPlain);
    }

    private void Remember(ReadOnlySpan<byte> data, Range text)
    {
        // Where someone wants the text, every chunk is parsed for it. A span that does not has all else from the chunks that are unlike
        // the last.
        if (!KeepsText)
        {
            if (_last.Length < data.Length)
            {
                _last = new byte[data.Length + 64];
            }

            data.CopyTo(_last);
            (_lastLength, _text) = (data.Length, text);
        }
    }

    private static void Write(PooledBuffer output, ReadOnlySpan<byte> before, ReadOnlySpan<byte> data, ReadOnlySpan<byte> after)
    {
        var span = output.GetSpan(before.Length + data.Length + after.Length);
        before.CopyTo(span);
        data.CopyTo(span[before.Length..]);
        after.CopyTo(span[(before.Length + data.Length)..]);
        output.Advance(before.Length + data.Length + after.Length);
    }

    private void ReadChunk(ref Utf8JsonReader json, ref Chunk chunk)
    {
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            if (json.ValueTextEquals("choices"u8))
            {
                json.Read();
                ReadChoices(ref json, ref chunk);
            }
            else if (json.ValueTextEquals("usage"u8))
            {
                json.Read();
                if (AnswerScan.ReadUsage(ref json) is { } usage)
                {
                    Usage = usage;
                    chunk.HasUsage = true;
                }
            }
            else if (json.ValueTextEquals("service_tier"u8))
            {
                json.Read();
                Tier = AnswerScan.ReadTier(ref json);
            }
            else if (Answered is null && Candidate is not null && json.ValueTextEquals("model"u8))
            {
                json.Read();
                Answered = Candidate.NameOf(ref json);
                json.Skip();
            }
            else if (json.ValueTextEquals("x_groq"u8))
            {
                json.Read();
                ReadInner(ref json, ref chunk);
            }
            else if (json.ValueTextEquals("error"u8))
            {
                json.Read();
                chunk.Failed |= json.TokenType != JsonTokenType.Null;
                json.Skip();
            }
            else if (json.ValueTextEquals("object"u8))
            {
                // vLLM's way of saying so.
                json.Read();
                chunk.Failed |= json.TokenType == JsonTokenType.String && json.ValueTextEquals("error"u8);
                json.Skip();
            }
            else
            {
                json.Skip();
            }
        }
    }

    private void ReadChoices(ref Utf8JsonReader json, ref Chunk chunk)
    {
        if (json.TokenType != JsonTokenType.StartArray)
        {
            json.Skip();
            return;
        }

        var count = 0;
        while (json.Read() && json.TokenType == JsonTokenType.StartObject)
        {
            chunk.HasChoice = true;
            if (++count > 1)
            {
                Partial?.Forbid();
            }

            while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
            {
                if (json.ValueTextEquals("delta"u8))
                {
                    json.Read();
                    ReadDelta(ref json, ref chunk);
                }
                else if (json.ValueTextEquals("finish_reason"u8))
                {
                    json.Read();
                    if (json.TokenType == JsonTokenType.String && json.ValueSpan.Length > 0)
                    {
                        // OpenRouter's way of saying so.
                        chunk.Failed |= json.ValueTextEquals("error"u8);
                        chunk.Finish = true;
                        Incomplete |= json.ValueTextEquals("content_filter"u8) || json.ValueTextEquals("length"u8);
                    }

                    json.Skip();
                }
                else if (json.ValueTextEquals("index"u8))
                {
                    json.Read();
                    if (json.TokenType == JsonTokenType.Number && json.TryGetInt32(out var index) && index > 0)
                    {
                        Partial?.Forbid();
                    }

                    json.Skip();
                }
                else if (json.ValueTextEquals("usage"u8))
                {
                    // Moonshot's place for it.
                    json.Read();
                    Usage = AnswerScan.ReadUsage(ref json) ?? Usage;
                }
                else
                {
                    json.Skip();
                }
            }
        }
    }

    /// <summary>Groq's object of its own, which has the usage of streams whose caller did not ask for it.</summary>
    private void ReadInner(ref Utf8JsonReader json, ref Chunk chunk)
    {
        if (json.TokenType != JsonTokenType.StartObject)
        {
            json.Skip();
            return;
        }

        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            var (usage, error) = (json.ValueTextEquals("usage"u8), json.ValueTextEquals("error"u8));
            json.Read();
            if (usage)
            {
                Usage = AnswerScan.ReadUsage(ref json) ?? Usage;
            }
            else
            {
                chunk.Failed |= error && json.TokenType != JsonTokenType.Null;
                json.Skip();
            }
        }
    }

    private void ReadDelta(ref Utf8JsonReader json, ref Chunk chunk)
    {
        if (json.TokenType != JsonTokenType.StartObject)
        {
            json.Skip();
            return;
        }

        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            var role = json.ValueTextEquals("role"u8);
            var content = json.ValueTextEquals("content"u8);
            var thought = !role && !content && (json.ValueTextEquals("reasoning_content"u8) || json.ValueTextEquals("reasoning"u8) || json.ValueTextEquals("reasoning_details"u8));
            json.Read();
            if (content && json.TokenType == JsonTokenType.String)
            {
                var length = json.ValueSpan.Length;
                chunk.Characters += length;
                chunk.Content |= length > 0;
                chunk.Texts++;
                chunk.Text = (int)(json.TokenStartIndex + 1)..(int)(json.BytesConsumed - 1);
                if (Partial is not null)
                {
                    chunk.Said += JsonText.PieceOf(ref json);
                }
            }
            else if (!role && IsSomething(ref json))
            {
                // Calls of tools, a refusal, audio: content, and nothing another provider could go on with. Thoughts it has of its own.
                chunk.Content = chunk.OtherContent = true;
                if (!thought)
                {
                    Partial?.Forbid();
                }
            }

            json.Skip();
        }
    }

    private static bool IsSomething(ref Utf8JsonReader json) => json.TokenType switch
    {
        JsonTokenType.Null => false,
        JsonTokenType.String => json.ValueSpan.Length > 0,
        _ => true,
    };

    private struct Chunk
    {
        public bool Content;
        public bool OtherContent;
        public bool Finish;
        public bool HasChoice;
        public bool HasUsage;
        public bool Failed;
        public int Characters;
        public int Texts;
        public string? Said;
        public Range Text;
    }
}
