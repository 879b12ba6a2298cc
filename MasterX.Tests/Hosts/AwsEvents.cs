using System.Buffers.Binary;
using System.Text;
using System.Text.Json;
using MasterX.AiGateway.Streaming;

namespace MasterX.Tests.Hosts;

/// <summary>Messages of AWS's binary event streams, as Bedrock sends them.</summary>
internal static class AwsEvents
{
    public static byte[] Event(string type, string payload) =>
        Message(payload, (":event-type", type), (":content-type", "application/json"), (":message-type", "event"));

    /// <summary>An event of Anthropic's, packed.</summary>
    public static byte[] Chunk(string json) =>
        Event("chunk", JsonSerializer.Serialize(new { bytes = Convert.ToBase64String(Encoding.UTF8.GetBytes(json)), p = "abcdefgh" }));

    public static byte[] Exception(string type, string payload) =>
        Message(payload, (":exception-type", type), (":content-type", "application/json"), (":message-type", "exception"));

    public static byte[] Message(string payload, params (string Name, string Value)[] headers) => Message(Encoding.UTF8.GetBytes(payload), HeadersOf(headers));

    public static byte[] Message(byte[] payload, byte[] headers)
    {
        var message = new byte[16 + headers.Length + payload.Length];
        BinaryPrimitives.WriteInt32BigEndian(message, message.Length);
        BinaryPrimitives.WriteInt32BigEndian(message.AsSpan(4), headers.Length);
        BinaryPrimitives.WriteUInt32BigEndian(message.AsSpan(8), Crc32.Of(message.AsSpan(0, 8)));
        headers.CopyTo(message, 12);
        payload.CopyTo(message, 12 + headers.Length);
        BinaryPrimitives.WriteUInt32BigEndian(message.AsSpan(message.Length - 4), Crc32.Of(message.AsSpan(0, message.Length - 4)));
        return message;
    }

    private static byte[] HeadersOf((string Name, string Value)[] headers)
    {
        using var bytes = new MemoryStream();
        foreach (var (name, value) in headers)
        {
            bytes.WriteByte((byte)name.Length);
            bytes.Write(Encoding.UTF8.GetBytes(name));
            bytes.WriteByte(7);
            bytes.WriteByte((byte)(value.Length >> 8));
            bytes.WriteByte((byte)value.Length);
            bytes.Write(Encoding.UTF8.GetBytes(value));
        }

        return bytes.ToArray();
    }
}
