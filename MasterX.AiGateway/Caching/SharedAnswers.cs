using System.Security.Cryptography;
using System.Text;
using MasterX.AiGateway.Calls;
using MasterX.AiGateway.Telemetry;
using MasterX.ServiceDefaults.Sharing;

namespace MasterX.AiGateway.Caching;

/// <summary>
/// The second level of <see cref="AnswerCache"/>, for all replicas: in Redis, for as long as the route says. What lies there is sealed with
/// a key made of the gateway's token and this version, together with the name it lies under, which is made of the same key: nobody else
/// reads it or finds it, and an entry that was put under the name of another request, or another consumer's, does not open. Own code,
/// because <c>HybridCache</c> would keep each answer a second time in memory of its own that has no bound in bytes, and knows no streams
/// that are followed while they are made.
/// </summary>
internal sealed class SharedAnswers(SharedBytes bytes, GatewayConfiguration configuration, TimeProvider time)
{
    private const int NonceBytes = 12;
    private const int TagBytes = 16;

    private static readonly byte[] Version = Encoding.UTF8.GetBytes($"masterx: kept answers, 1, {typeof(SharedAnswers).Assembly.GetName().Version}");

    private (string Token, byte[] Key)? _sealing;

    private byte[] Key
    {
        get
        {
            var token = configuration.Options.Token;
            if (_sealing is not { } known || known.Token != token)
            {
                known = (token, HKDF.DeriveKey(HashAlgorithmName.SHA256, Encoding.UTF8.GetBytes(token), 32, info: Version));
                _sealing = known;
            }

            return known.Key;
        }
    }

    public ValueTask<(KeptAnswer Kept, TimeSpan Left)?> FindAsync(string key) => FindAsync(key, "whole", static reader =>
        new KeptAnswer(reader.ReadString(), reader.ReadString(), reader.ReadBoolean() ? ReadUsage(reader) : null, ReadBytes(reader), ReadNames(reader)));

    public ValueTask<(KeptStream Kept, TimeSpan Left)?> FindStreamAsync(string key) => FindAsync(key, "stream", static reader =>
        new KeptStream(reader.ReadString(), reader.ReadString(), ReadBill(reader), ReadBytes(reader), ReadBytes(reader), ReadNames(reader)));

    public void Keep(string key, KeptAnswer answer, TimeSpan lifetime) => Keep(key, "whole", answer.Body.Length, lifetime, writer =>
    {
        writer.Write(answer.Provider);
        writer.Write(answer.Model);
        writer.Write(answer.Usage is not null);
        if (answer.Usage is { } usage)
        {
            Write(writer, usage);
        }

        Write(writer, answer.Body);
        Write(writer, answer.Ignored);
    });

    public void Keep(string key, KeptStream stream, TimeSpan lifetime) => Keep(key, "stream", stream.Events.Length + stream.End.Length, lifetime, writer =>
    {
        writer.Write(stream.Provider);
        writer.Write(stream.Model);
        Write(writer, stream.Bill.Usage);
        writer.Write(stream.Bill.Cost is not null);
        writer.Write(stream.Bill.Cost ?? 0);
        writer.Write(stream.Bill.IsEstimated);
        Write(writer, stream.Events);
        Write(writer, stream.End);
        Write(writer, stream.Ignored);
    });

    private async ValueTask<(T Kept, TimeSpan Left)?> FindAsync<T>(string key, string kind, Func<BinaryReader, T> read)
    {
        var sealing = Key;
        var name = NameOf(sealing, key, kind);
        if (await bytes.FindAsync(name) is not { Length: > NonceBytes + TagBytes } found)
        {
            return null;
        }

        try
        {
            var plain = new byte[found.Length - NonceBytes - TagBytes];
            using var cipher = new AesGcm(sealing, TagBytes);
            cipher.Decrypt(found.AsSpan(0, NonceBytes), found.AsSpan(NonceBytes + TagBytes), found.AsSpan(NonceBytes, TagBytes), plain, Encoding.UTF8.GetBytes(name));
            using var reader = new BinaryReader(new MemoryStream(plain, writable: false), Encoding.UTF8);
            var left = DateTimeOffset.FromUnixTimeMilliseconds(reader.ReadInt64()) - time.GetUtcNow();
            return left > TimeSpan.Zero ? (read(reader), left) : null;
        }
        catch (CryptographicException)
        {
            // Not what was kept under this name: as good as nothing.
            return null;
        }
    }

    private void Keep(string key, string kind, int size, TimeSpan lifetime, Action<BinaryWriter> write)
    {
        if (size > SharedBytes.Longest)
        {
            return;
        }

        using var plain = new MemoryStream(size + 256);
        using (var writer = new BinaryWriter(plain, Encoding.UTF8, leaveOpen: true))
        {
            writer.Write((time.GetUtcNow() + lifetime).ToUnixTimeMilliseconds());
            write(writer);
        }

        var sealing = Key;
        var name = NameOf(sealing, key, kind);
        var whole = new byte[NonceBytes + TagBytes + plain.Length];
        RandomNumberGenerator.Fill(whole.AsSpan(0, NonceBytes));
        using var cipher = new AesGcm(sealing, TagBytes);
        cipher.Encrypt(
            whole.AsSpan(0, NonceBytes), plain.GetBuffer().AsSpan(0, (int)plain.Length), whole.AsSpan(NonceBytes + TagBytes), whole.AsSpan(NonceBytes, TagBytes),
            Encoding.UTF8.GetBytes(name));
        bytes.Keep(name, whole, lifetime);
    }

    private static string NameOf(byte[] sealing, string key, string kind) => $"answer:{Convert.ToHexStringLower(HMACSHA256.HashData(sealing, Encoding.UTF8.GetBytes($"{kind}\0{key}")))}";

    private static void Write(BinaryWriter writer, byte[] part)
    {
        writer.Write(part.Length);
        writer.Write(part);
    }

    private static byte[] ReadBytes(BinaryReader reader) => reader.ReadBytes(reader.ReadInt32());

    private static void Write(BinaryWriter writer, IReadOnlyList<string>? names)
    {
        writer.Write(names?.Count ?? -1);
        foreach (var name in names ?? [])
        {
            writer.Write(name);
        }
    }

    private static string[]? ReadNames(BinaryReader reader)
    {
        var count = reader.ReadInt32();
        return count < 0 ? null : [.. Enumerable.Range(0, count).Select(_ => reader.ReadString())];
    }

    private static Bill ReadBill(BinaryReader reader)
    {
        var usage = ReadUsage(reader);
        var (hasCost, cost) = (reader.ReadBoolean(), reader.ReadDecimal());
        return new(usage, hasCost ? cost : null, reader.ReadBoolean());
    }

    private static void Write(BinaryWriter writer, TokenUsage usage)
    {
        int[] counts =
        [
            usage.Input, usage.Output, usage.CachedInput, usage.CacheWrite, usage.Reasoning, usage.CacheWriteHour, usage.AudioInput, usage.CachedAudioInput, usage.AudioOutput,
            usage.ImageInput, usage.CachedImageInput, usage.ImageOutput, usage.WebSearches, (int)usage.Tier,
        ];
        Array.ForEach(counts, writer.Write);
        writer.Write(usage.Region ?? "");
        writer.Write(usage.Model ?? "");
    }

    private static TokenUsage ReadUsage(BinaryReader reader) =>
        new(reader.ReadInt32(), reader.ReadInt32(), reader.ReadInt32(), reader.ReadInt32(), reader.ReadInt32())
        {
            CacheWriteHour = reader.ReadInt32(),
            AudioInput = reader.ReadInt32(),
            CachedAudioInput = reader.ReadInt32(),
            AudioOutput = reader.ReadInt32(),
            ImageInput = reader.ReadInt32(),
            CachedImageInput = reader.ReadInt32(),
            ImageOutput = reader.ReadInt32(),
            WebSearches = reader.ReadInt32(),
            Tier = (ServiceTier)reader.ReadInt32(),
            Region = NullIfEmpty(reader.ReadString()),
            Model = NullIfEmpty(reader.ReadString()),
        };

    private static string? NullIfEmpty(string text) => text.Length == 0 ? null : text;
}
