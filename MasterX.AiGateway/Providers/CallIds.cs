using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;

namespace MasterX.AiGateway.Providers;

/// <summary>
/// What names of calls a provider takes: a history may have been made by another one that names them otherwise. A name that is not taken is
/// always changed to the same other one, so that a call and its result still belong together.
/// </summary>
/// <param name="takes">Whether a name is taken as it is.</param>
/// <param name="prefix">Of the name that takes another's place.</param>
/// <param name="length">Of what stands behind that prefix; hexadecimal.</param>
internal sealed partial class CallIds(Func<string, bool> takes, string prefix, int length)
{
    /// <summary>Every name is taken.</summary>
    public static readonly CallIds Any = new(static _ => true, "", 0);

    /// <summary>Anthropic: letters, digits, <c>_</c> and <c>-</c>.</summary>
    public static readonly CallIds Anthropic = new(static id => id.Length is > 0 and <= 128 && id.All(static sign => char.IsAsciiLetterOrDigit(sign) || sign is '_' or '-'), "toolu_", 24);

    /// <summary>OpenAI's chats: 40 characters.</summary>
    public static readonly CallIds OpenAiChats = new(static id => id.Length <= 40, "call_", 24);

    /// <summary>OpenAI's responses: 64 characters.</summary>
    public static readonly CallIds OpenAiResponses = new(static id => id.Length <= 64, "call_", 24);

    /// <summary>Bedrock's Converse: 64 letters, digits, <c>_</c>, <c>.</c>, <c>:</c> and <c>-</c>.</summary>
    public static readonly CallIds Bedrock = new(static id => id.Length is > 0 and <= 64 && id.All(static sign => char.IsAsciiLetterOrDigit(sign) || sign is '_' or '.' or ':' or '-'), "tooluse_", 24);

    /// <summary>Mistral's models, wherever they run: nine letters or digits.</summary>
    public static readonly CallIds Mistral = new(static id => id.Length == 9 && id.All(char.IsAsciiLetterOrDigit), "", 9);

    public bool Takes(string id) => takes(id);

    /// <summary>The name, or the one that takes its place.</summary>
    public string Of(string id) => takes(id) ? id : prefix + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(id)))[..length];

    /// <summary>Whether a model is one of Mistral's.</summary>
    public static bool IsMistral(Uri baseUrl, string model) => baseUrl.Host.EndsWith(".mistral.ai", StringComparison.OrdinalIgnoreCase) || MistralModels().IsMatch(model);

    [GeneratedRegex(@"(^|/)(open-)?(mistral|ministral|mixtral|codestral|devstral|magistral|pixtral|voxtral)", RegexOptions.CultureInvariant | RegexOptions.IgnoreCase)]
    private static partial Regex MistralModels();
}
