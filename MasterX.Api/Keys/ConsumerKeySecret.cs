using System.Security.Cryptography;
using System.Text;

namespace MasterX.Api.Keys;

/// <summary>
/// The key itself: <c>mx_</c>, 32 random bytes as 43 base62 digits, and the first 4 bytes of the SHA-256 of all that as 6 more. The checksum finds a key that was cut or mistyped before
/// the database is asked, and lets scanners of repositories tell a key from noise.
/// </summary>
internal static class ConsumerKeySecret
{
    public const string Prefix = "mx_";

    private const string Digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    private static readonly System.Buffers.SearchValues<char> DigitValues = System.Buffers.SearchValues.Create(Digits);

    private const int RandomBytes = 32;
    private const int RandomDigits = 43;
    private const int ChecksumBytes = 4;
    private const int ChecksumDigits = 6;

    /// <summary>Characters of a key: 52.</summary>
    public const int Length = 3 + RandomDigits + ChecksumDigits;

    public static string New()
    {
        var text = Prefix + Base62(RandomNumberGenerator.GetBytes(RandomBytes), RandomDigits);
        return text + Checksum(text);
    }

    /// <summary>Whether it can be a key at all.</summary>
    public static bool IsWellFormed(string key) =>
        key.Length == Length && key.StartsWith(Prefix, StringComparison.Ordinal) && key.AsSpan(Prefix.Length).IndexOfAnyExcept(DigitValues) < 0
        && key.EndsWith(Checksum(key[..^ChecksumDigits]), StringComparison.Ordinal);

    private static string Checksum(string text) => Base62(SHA256.HashData(Encoding.ASCII.GetBytes(text)).AsSpan(0, ChecksumBytes), ChecksumDigits);

    private static string Base62(ReadOnlySpan<byte> bigEndian, int digits)
    {
        var number = new System.Numerics.BigInteger(bigEndian, isUnsigned: true, isBigEndian: true);
        return string.Create(digits, number, static (text, rest) =>
        {
            for (var i = text.Length - 1; i >= 0; i--)
            {
                (rest, var digit) = System.Numerics.BigInteger.DivRem(rest, 62);
                text[i] = Digits[(int)digit];
            }
        });
    }
}
