using System.Security.Cryptography;
using System.Text;

namespace MasterX.Api.Keys;

/// <summary>Keys have 190 bits of chance in them, so a plain hash cannot be searched; a slow one would only slow the API.</summary>
internal static class ConsumerKeyHash
{
    /// <returns>SHA-256, 64 lower-case hexadecimal digits.</returns>
    public static string Of(string key) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key)));

    /// <summary>Compares in a time that does not depend on where two hashes differ.</summary>
    public static bool AreEqual(string one, string other) =>
        CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(one), Encoding.ASCII.GetBytes(other));
}
