using System.Security.Cryptography;

namespace Aspire.Hosting.ApplicationModel;

/// <summary>A value from outside the composition: configuration <c>Parameters:{name}</c>, or its default.</summary>
/// <param name="name">See <see cref="IResource.Name"/>.</param>
/// <param name="callback">Reads the value; receives <see cref="Default"/>.</param>
/// <param name="secret">Whether the value must never be shown.</param>
public class ParameterResource(string name, Func<ParameterDefault?, string> callback, bool secret = false)
    : Resource(name), IValueProvider, IManifestExpressionProvider
{
    private string? _value;

    /// <summary>Whether the value must never be shown.</summary>
    public bool Secret { get; } = secret;

    /// <summary>The value when none is configured.</summary>
    public ParameterDefault? Default { get; set; }

    /// <inheritdoc />
    public string ValueExpression => $"{{{Name}.value}}";

    /// <inheritdoc />
    public ValueTask<string?> GetValueAsync(CancellationToken cancellationToken = default) =>
        ValueTask.FromResult<string?>(_value ??= callback(Default));
}

/// <summary>Makes the value of a parameter that is not configured.</summary>
public abstract class ParameterDefault
{
    /// <summary>A value.</summary>
    public abstract string GetDefaultValue();
}

/// <summary>A random value, from a cryptographic source.</summary>
public sealed class GenerateParameterDefault : ParameterDefault
{
    /// <summary>Characters.</summary>
    /// <value>22 unless set; 1 or more.</value>
    public int MinLength { get; set; } = 22;

    /// <summary>Whether a to z may occur.</summary>
    public bool Lower { get; set; } = true;

    /// <summary>Whether A to Z may occur.</summary>
    public bool Upper { get; set; } = true;

    /// <summary>Whether 0 to 9 may occur.</summary>
    public bool Numeric { get; set; } = true;

    /// <summary>Whether <c>-_.{}~()*+!</c> may occur.</summary>
    public bool Special { get; set; } = true;

    /// <inheritdoc />
    public override string GetDefaultValue()
    {
        var alphabet = (Lower ? "abcdefghijklmnopqrstuvwxyz" : "") + (Upper ? "ABCDEFGHIJKLMNOPQRSTUVWXYZ" : "") +
            (Numeric ? "0123456789" : "") + (Special ? "-_.{}~()*+!" : "");
        return RandomNumberGenerator.GetString(alphabet, MinLength);
    }
}
