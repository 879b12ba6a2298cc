using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using MasterX.AiGateway.Providers;
using MasterX.AiGateway.Providers.Classification;
using MasterX.AiGateway.Requests;
using MasterX.ServiceDefaults.Sharing;

namespace MasterX.AiGateway.Limits;

/// <summary>
/// What the gateway's replicas share of their gates, where there is Redis: the limits of each key, and who is to be left alone for how
/// long. Circuits they do not: a circuit is what one replica has seen of its own way to a provider, and one whose network is broken must
/// not close a good provider to all others.
/// </summary>
/// <param name="Limits">Calls at once, calls and tokens per minute.</param>
/// <param name="Notes">Cool-downs.</param>
internal sealed record SharedGate(SharedLimits Limits, SharedNotes Notes)
{
    /// <summary>A name for something of a provider's that all replicas have in common, and that tells nothing of its keys.</summary>
    /// <param name="provider">As it is configured.</param>
    /// <param name="options">The provider's.</param>
    /// <param name="secrets">Whose limits or cool-downs they are.</param>
    public static string NameOf(string provider, ProviderOptions options, params IEnumerable<string?> secrets)
    {
        var account = string.Join('\n', secrets.Where(secret => !string.IsNullOrEmpty(secret)));
        var whole = $"masterx: a provider's\0{options.Kind}\0{provider}\0{(account.Length > 0 ? account : options.BaseUrl)}";
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(whole)).AsSpan(0, 16));
    }

    /// <summary>What the others have to know of why somebody is left alone: not a provider's words, which may quote a request.</summary>
    public static string Write(Verdict verdict) => string.Create(
        CultureInfo.InvariantCulture,
        $"{(int)verdict.Fault},{(int)verdict.Outcome},{(int)verdict.Scope},{(verdict.IsLimit ? 1 : 0)},{verdict.CallerStatus ?? 0},{verdict.CallerCode}");

    /// <returns><see langword="null"/> when it is none of this version's.</returns>
    public static ProviderAnswer? Read(string text)
    {
        if (text.Split(',', 6) is not [var fault, var outcome, var scope, var isLimit, var status, var code]
            || !Number(fault, out var faultNumber) || !Number(outcome, out var outcomeNumber) || !Number(scope, out var scopeNumber) || !Number(status, out var statusNumber)
            || !Enum.IsDefined((Fault)faultNumber) || !Enum.IsDefined((AttemptOutcome)outcomeNumber) || !Enum.IsDefined((Scope)scopeNumber))
        {
            return null;
        }

        var verdict = new Verdict((Fault)faultNumber, (AttemptOutcome)outcomeNumber, (Scope)scopeNumber, CircuitSignal.Nothing)
        {
            IsLimit = isLimit == "1", CallerStatus = statusNumber == 0 ? null : statusNumber, CallerCode = code.Length == 0 ? null : code,
        };
        return new ProviderAnswer { Verdict = verdict, Error = new ProviderError("The provider has refused the like of it, and is left alone for a moment.", verdict.CallerCode, null) };

        static bool Number(string digits, out int number) => int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out number);
    }
}
