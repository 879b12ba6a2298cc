using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using MasterX.AiGateway.Limits;

namespace MasterX.AiGateway.Providers.Keys;

/// <summary>A key of a provider at run time, with its own limits and cool-down. What is told of it anywhere is its index or its label.</summary>
internal sealed class ProviderKey
{
    /// <summary>Long enough to tell the keys of one provider apart, too short to say anything of one.</summary>
    private const int LabelBytes = 4;

    /// <param name="index">Among the provider's.</param>
    /// <param name="secret">The key itself; <see langword="null"/> for a provider that is called without one.</param>
    /// <param name="weight">Its share of the conversations; more than 0.</param>
    /// <param name="limits">Its own.</param>
    /// <param name="isOnly">Whether the provider has no other.</param>
    public ProviderKey(int index, string? secret, double weight, KeyLimits limits, bool isOnly)
    {
        (Index, Secret, Weight, Limits) = (index, string.IsNullOrEmpty(secret) ? null : secret, weight, limits);

        // Of the key and not of its place: another order, another replica and another run make no difference.
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes($"masterx: label of a key\0{secret}"));
        Seed = BinaryPrimitives.ReadUInt64LittleEndian(hash);
        Label = isOnly ? null : Convert.ToHexStringLower(hash.AsSpan(sizeof(ulong), LabelBytes));
    }

    public int Index { get; }

    public string? Secret { get; }

    public double Weight { get; }

    public KeyLimits Limits { get; }

    /// <summary>What its scores in <see cref="KeyOrder"/> are made of.</summary>
    public ulong Seed { get; }

    /// <summary>A name for one of several keys that stays when others come and go: eight hexadecimal digits.</summary>
    public string? Label { get; }

    /// <summary>Whether the provider that took this one's place in a new configuration goes on with its limits.</summary>
    public bool HandedOn { get; set; }
}
