using MasterX.AiGateway.Telemetry;

namespace MasterX.AiGateway.Caching;

/// <summary>A whole stream as it was given to its first caller.</summary>
/// <param name="Provider">Who gave it.</param>
/// <param name="Model">The model that was asked.</param>
/// <param name="Usage">What it cost then.</param>
/// <param name="Events">All but the end mark.</param>
/// <param name="End">The end mark.</param>
internal sealed record KeptStream(string Provider, string Model, TokenUsage? Usage, ReadOnlyMemory<byte> Events, ReadOnlyMemory<byte> End)
{
    public byte[] Write()
    {
        using var buffer = new MemoryStream(Events.Length + End.Length + 64);
        using var writer = new BinaryWriter(buffer);
        writer.Write(Provider);
        writer.Write(Model);
        writer.Write(Usage);
        writer.Write(Events.Length);
        writer.Write(Events.Span);
        writer.Write(End.Span);
        return buffer.ToArray();
    }

    public static KeptStream Read(byte[] kept)
    {
        var buffer = new MemoryStream(kept, writable: false);
        using var reader = new BinaryReader(buffer);
        var (provider, model, usage, length) = (reader.ReadString(), reader.ReadString(), reader.ReadUsage(), reader.ReadInt32());
        var at = (int)buffer.Position;
        return new(provider, model, usage, kept.AsMemory(at, length), kept.AsMemory(at + length));
    }
}
