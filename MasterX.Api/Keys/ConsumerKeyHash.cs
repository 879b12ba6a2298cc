using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace MasterX.Api.Keys;

/// <summary>SHA-256 of a key. Keys have 256 bits of chance in them, so a plain hash cannot be searched; a slow one would only slow the API.</summary>
/// <param name="A">Bytes 0 to 7, big-endian; and so on.</param>
/// <param name="B">Bytes 8 to 15.</param>
/// <param name="C">Bytes 16 to 23.</param>
/// <param name="D">Bytes 24 to 31.</param>
internal readonly record struct ConsumerKeyHash(ulong A, ulong B, ulong C, ulong D)
{
    private const int Bytes = 32, LongestOnStack = 512;

    public static ConsumerKeyHash Of(ReadOnlySpan<char> key)
    {
        var most = Encoding.UTF8.GetMaxByteCount(key.Length);
        var text = most <= LongestOnStack ? stackalloc byte[LongestOnStack] : new byte[most];
        Span<byte> hash = stackalloc byte[Bytes];
        SHA256.HashData(text[..Encoding.UTF8.GetBytes(key, text)], hash);
        return new(BinaryPrimitives.ReadUInt64BigEndian(hash), BinaryPrimitives.ReadUInt64BigEndian(hash[8..]), BinaryPrimitives.ReadUInt64BigEndian(hash[16..]), BinaryPrimitives.ReadUInt64BigEndian(hash[24..]));
    }

    /// <summary>Compares in a time that does not depend on where two hashes differ.</summary>
    public bool IsSameAs(ConsumerKeyHash other) => ((A ^ other.A) | (B ^ other.B) | (C ^ other.C) | (D ^ other.D)) == 0;

    /// <summary>64 lower-case hexadecimal digits, as it is stored.</summary>
    public override string ToString() => $"{A:x16}{B:x16}{C:x16}{D:x16}";
}
