using System.Buffers.Binary;
using System.Text;

namespace MasterX.AiGateway.Streaming;

/// <summary>
/// A message of AWS's binary event streams (<c>application/vnd.amazon.eventstream</c>,
/// <see href="https://smithy.io/2.0/aws/amazon-eventstream.html"/>):
/// <code>
///  length of all ─ length of headers ─ check sum of these two ─ headers ─ payload ─ check sum of everything before it
/// </code>
/// Numbers are big-endian; a header is its name, a type and a value, of which texts alone are read here.
/// </summary>
internal readonly ref struct AwsMessage
{
    private const int Number = 4, Prelude = 3 * Number, Least = Prelude + Number;
    private const int LargestHeaders = 128 * 1024;

    private AwsMessage(ReadOnlySpan<byte> headers, ReadOnlySpan<byte> payload)
    {
        Payload = payload;
        while (!headers.IsEmpty)
        {
            var name = Take(ref headers, Take(ref headers, 1)[0]);
            var type = Take(ref headers, 1)[0];
            var value = Take(ref headers, type switch
            {
                0 or 1 => 0,                                                     // true, false
                2 => 1,
                3 => 2,
                4 => 4,
                5 or 8 => 8,                                                     // long, point in time
                6 or 7 => BinaryPrimitives.ReadUInt16BigEndian(Take(ref headers, 2)), // bytes, text
                9 => 16,                                                         // UUID
                _ => throw Broken($"has a header of the unknown type {type}"),
            });
            if (type != 7)
            {
                continue;
            }

            if (name.SequenceEqual(":message-type"u8))
            {
                Kind = Encoding.UTF8.GetString(value);
            }
            else if (name.SequenceEqual(":event-type"u8) || name.SequenceEqual(":exception-type"u8) || name.SequenceEqual(":error-code"u8))
            {
                Name = Encoding.UTF8.GetString(value);
            }
            else if (name.SequenceEqual(":error-message"u8))
            {
                Error = Encoding.UTF8.GetString(value);
            }
        }
    }

    /// <summary><c>event</c>, <c>exception</c> (one of the service's own) or <c>error</c> (any other).</summary>
    public string Kind { get; } = "";

    /// <summary>The event's type, the exception's, or the error's code.</summary>
    public string Name { get; } = "";

    /// <summary>An error's message.</summary>
    public string? Error { get; }

    /// <summary>JSON.</summary>
    public ReadOnlySpan<byte> Payload { get; }

    /// <summary>Whether bytes begin a message, and no text: it would be longer than 32 MiB otherwise.</summary>
    public static bool IsBegun(byte first) => first <= 1;

    /// <summary>Reads the message that bytes begin with.</summary>
    /// <param name="bytes">As far as they have come.</param>
    /// <param name="largest">More than this a payload must not have, in bytes.</param>
    /// <param name="message">Lies in the bytes.</param>
    /// <param name="length">Its bytes; 0 when they have not all come.</param>
    /// <exception cref="InvalidDataException">It is none, or was changed on its way.</exception>
    public static bool TryRead(ReadOnlySpan<byte> bytes, int largest, out AwsMessage message, out int length)
    {
        message = default;
        length = 0;
        if (bytes.Length < Prelude)
        {
            return false;
        }

        var (all, headers) = (BinaryPrimitives.ReadUInt32BigEndian(bytes), BinaryPrimitives.ReadUInt32BigEndian(bytes[Number..]));
        if (BinaryPrimitives.ReadUInt32BigEndian(bytes[(2 * Number)..]) != Crc32.Of(bytes[..(2 * Number)]))
        {
            throw Broken("begins with a check sum that is not right");
        }

        if (headers > LargestHeaders || all < Least + headers || all - Least - headers > (uint)largest)
        {
            throw Broken("is larger than it may be, or smaller");
        }

        if (bytes.Length < all)
        {
            return false;
        }

        length = (int)all;
        var covered = bytes[..(length - Number)];
        if (BinaryPrimitives.ReadUInt32BigEndian(bytes[covered.Length..]) != Crc32.Of(covered))
        {
            throw Broken("ends with a check sum that is not right");
        }

        message = new AwsMessage(covered.Slice(Prelude, (int)headers), covered[(Prelude + (int)headers)..]);
        return true;
    }

    private static ReadOnlySpan<byte> Take(ref ReadOnlySpan<byte> bytes, int count)
    {
        if (count > bytes.Length)
        {
            throw Broken("has headers that are cut short");
        }

        var taken = bytes[..count];
        bytes = bytes[count..];
        return taken;
    }

    private static InvalidDataException Broken(string how) => new($"A message of the provider's event stream {how}.");
}
