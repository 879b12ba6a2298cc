using static MasterX.AiGateway.Providers.Classification.Verdicts;

namespace MasterX.AiGateway.Providers.Classification;

/// <summary>What Azure says beside <see cref="OpenAiRows"/>, which have its filters, deployments and limits.</summary>
internal static class AzureRows
{
    public static readonly IReadOnlyList<ErrorRow> All =
    [
        // "Out of call volume quota for …. Quota will be replenished in …", of a resource's tier.
        new(403, [new Words("Out of call volume quota")], OutOfCredit),

        // A deployment of another kind, for example a chat asked of one for embeddings. A caller can bring it about.
        new(Statuses.ClientErrors, ["OperationNotSupported"], NothingThere),
    ];
}
