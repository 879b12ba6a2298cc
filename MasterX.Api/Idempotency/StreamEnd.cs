namespace MasterX.Api.Idempotency;

/// <summary>Tells whether a stream of <c>/v1</c> has come to its own end: an answer that broke off ends without its format's mark.</summary>
internal static class StreamEnd
{
    /// <param name="events">The whole stream.</param>
    public static bool IsWhole(ReadOnlySpan<byte> events)
    {
        // The last event, whatever comments come after it.
        ReadOnlySpan<byte> name = default, data = default;
        var isOpen = false;
        foreach (var range in events.Split((byte)'\n'))
        {
            var line = events[range].TrimEnd((byte)'\r');
            if (line.StartsWith("event:"u8))
            {
                name = line[6..].Trim((byte)' ');
                data = default;
                isOpen = true;
            }
            else if (line.StartsWith("data:"u8))
            {
                name = isOpen ? name : default;
                data = line[5..].Trim((byte)' ');
                isOpen = true;
            }
            else if (line.IsEmpty)
            {
                isOpen = false;
            }
        }

        // Chat completions, Anthropic's messages, and responses.
        return data.SequenceEqual("[DONE]"u8) || name.SequenceEqual("message_stop"u8) || name.SequenceEqual("response.completed"u8) || name.SequenceEqual("response.incomplete"u8);
    }
}
