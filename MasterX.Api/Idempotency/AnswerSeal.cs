using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace MasterX.Api.Idempotency;

/// <summary>An answer that is kept to be given again.</summary>
/// <param name="Status">HTTP status.</param>
/// <param name="Headers">Those that belong to the answer itself.</param>
/// <param name="Body">As it was sent.</param>
internal sealed record KeptAnswer(int Status, Dictionary<string, string> Headers, byte[] Body);

/// <summary>
/// Keeps answers in the database so that only the caller can have them again: an answer may hold a key just made, which is stored nowhere else. AES-256-GCM with a key derived
/// by HKDF-SHA-256 (RFC 5869) from the caller's own key, of which the database has only a hash; answers that a project's keys share, from the project's seal.
/// </summary>
internal static class AnswerSeal
{
    private const int NonceBytes = 12, TagBytes = 16;
    private static readonly byte[] Purpose = "masterx idempotency 1"u8.ToArray();

    public static byte[] Seal(KeptAnswer answer, string callersKey, string recordId)
    {
        var head = JsonSerializer.SerializeToUtf8Bytes((answer.Status, answer.Headers), Options);
        var plain = new byte[4 + head.Length + answer.Body.Length];
        BinaryPrimitives.WriteInt32LittleEndian(plain, head.Length);
        head.CopyTo(plain, 4);
        answer.Body.CopyTo(plain, 4 + head.Length);

        var kept = new byte[NonceBytes + TagBytes + plain.Length];
        RandomNumberGenerator.Fill(kept.AsSpan(0, NonceBytes));
        using var cipher = Cipher(callersKey, recordId);
        cipher.Encrypt(kept.AsSpan(0, NonceBytes), plain, kept.AsSpan(NonceBytes + TagBytes), kept.AsSpan(NonceBytes, TagBytes));
        return kept;
    }

    /// <exception cref="CryptographicException">It was sealed for another caller, or changed.</exception>
    public static KeptAnswer Open(byte[] kept, string callersKey, string recordId)
    {
        var plain = new byte[kept.Length - NonceBytes - TagBytes];
        using var cipher = Cipher(callersKey, recordId);
        cipher.Decrypt(kept.AsSpan(0, NonceBytes), kept.AsSpan(NonceBytes + TagBytes), kept.AsSpan(NonceBytes, TagBytes), plain);
        var head = BinaryPrimitives.ReadInt32LittleEndian(plain);
        var (status, headers) = JsonSerializer.Deserialize<(int, Dictionary<string, string>)>(plain.AsSpan(4, head), Options);
        return new(status, headers, plain[(4 + head)..]);
    }

    private static readonly JsonSerializerOptions Options = new() { IncludeFields = true };

    private static AesGcm Cipher(string callersKey, string recordId) =>
        new(HKDF.DeriveKey(HashAlgorithmName.SHA256, Encoding.UTF8.GetBytes(callersKey), 32, Encoding.UTF8.GetBytes(recordId), Purpose), TagBytes);
}
