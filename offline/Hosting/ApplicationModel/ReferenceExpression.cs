using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Text;

namespace Aspire.Hosting.ApplicationModel;

/// <summary>Text with holes for values that are known once the composition runs, written as an interpolated string.</summary>
public sealed class ReferenceExpression : IValueProvider, IManifestExpressionProvider
{
    // A part is a string (literal) or an IValueProvider (hole).
    private readonly List<(object Part, string? Format)> _parts;

    private ReferenceExpression(List<(object, string?)> parts) => _parts = parts;

    /// <summary>The values in the holes, in order.</summary>
    public IReadOnlyList<IValueProvider> ValueProviders => [.. _parts.Select(part => part.Part).OfType<IValueProvider>()];

    /// <inheritdoc />
    public string ValueExpression => string.Concat(_parts.Select(part => part.Part switch
    {
        IManifestExpressionProvider provider => provider.ValueExpression,
        var literal => literal.ToString(),
    }));

    /// <summary>Makes an expression from an interpolated string.</summary>
    public static ReferenceExpression Create(in ExpressionInterpolatedStringHandler handler) => new(handler.Parts);

    /// <inheritdoc />
    public async ValueTask<string?> GetValueAsync(CancellationToken cancellationToken = default)
    {
        var text = new StringBuilder();
        foreach (var (part, format) in _parts)
        {
            var value = part is IValueProvider provider ? await provider.GetValueAsync(cancellationToken) : (string)part;
            text.Append(format == "uri" && value is not null ? Uri.EscapeDataString(value) : value);
        }

        return text.ToString();
    }

    /// <summary>Collects the parts of an interpolated string. The format <c>uri</c> percent-encodes a value.</summary>
    /// <param name="literalLength">Set by the compiler.</param>
    /// <param name="formattedCount">Set by the compiler.</param>
    [InterpolatedStringHandler]
    [SuppressMessage("Usage", "CA2231", Justification = "A handler is never compared.")]
    public ref struct ExpressionInterpolatedStringHandler(int literalLength, int formattedCount)
    {
        internal List<(object, string?)> Parts { get; } = new(formattedCount + (literalLength > 0 ? formattedCount + 1 : 0));

        /// <summary>Adds text.</summary>
        public readonly void AppendLiteral(string value) => Parts.Add((value, null));

        /// <summary>Adds text.</summary>
        public readonly void AppendFormatted(string? value, string? format = null) => Parts.Add((value ?? "", format));

        /// <summary>Adds a value.</summary>
        public readonly void AppendFormatted<T>(T valueProvider, string? format = null)
            where T : IValueProvider, IManifestExpressionProvider => Parts.Add((valueProvider, format));

        /// <summary>Adds the value of a resource.</summary>
        public readonly void AppendFormatted<T>(IResourceBuilder<T> valueProvider, string? format = null)
            where T : IResource, IValueProvider, IManifestExpressionProvider => Parts.Add((valueProvider.Resource, format));
    }
}
