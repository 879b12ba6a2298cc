using System.ComponentModel.DataAnnotations;
using System.Globalization;

namespace MasterX.Api.Http;

/// <summary>The length of a text in characters as JSON Schema counts them, code points: an emoji is one, not two.</summary>
/// <param name="maximumLength">At most.</param>
public sealed class TextLengthAttribute(int maximumLength) : StringLengthAttribute(maximumLength)
{
    /// <inheritdoc />
    public override bool IsValid(object? value)
    {
        if (value is not string text)
        {
            return value is null;
        }

        // A text has at most as many code points as UTF-16 units, and at least half as many.
        var length = text.Length > 2 * MaximumLength ? text.Length : text.Length - text.Count(char.IsLowSurrogate);
        return length >= MinimumLength && length <= MaximumLength;
    }
}

/// <summary>A text that is more than spaces, which <see cref="RequiredAttribute"/> asks for, in a form that JSON Schema knows.</summary>
public sealed class NotBlankAttribute() : RegularExpressionAttribute(@"^[\s\S]*\S[\s\S]*$")
{
    /// <inheritdoc />
    public override bool IsValid(object? value) => value is not string text || !string.IsNullOrWhiteSpace(text);

    /// <inheritdoc />
    public override string FormatErrorMessage(string name) => string.Format(CultureInfo.CurrentCulture, ErrorMessageString, name);
}
