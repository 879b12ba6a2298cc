using static MasterX.AiGateway.Providers.Classification.Verdicts;

namespace MasterX.AiGateway.Providers.Classification;

/// <summary>
/// Amazon Bedrock's errors by the names of their exceptions, which stand in the header <c>x-amzn-ErrorType</c>, in <c>__type</c>, or in a
/// stream's message (<see href="https://docs.aws.amazon.com/bedrock/latest/APIReference/CommonErrors.html"/>,
/// <see href="https://docs.aws.amazon.com/bedrock/latest/userguide/troubleshooting-api-error-codes.html"/>).
/// </summary>
internal static class BedrockRows
{
    public static readonly IReadOnlyList<ErrorRow> All =
    [
        // ---- our key's: what it is, and how we signed with it
        new(
            Statuses.ClientErrors,
            [
                "UnrecognizedClientException", "InvalidSignatureException", "IncompleteSignatureException", "IncompleteSignature",
                "ExpiredTokenException", "ExpiredToken", "MissingAuthenticationTokenException", "MissingAuthenticationToken",
                "InvalidClientTokenId", "SignatureDoesNotMatch", "RequestExpired", "OptInRequired",
            ],
            KeyRefused),
        new(403, [new Words("Authentication failed"), new Words("Bearer Token has expired"), new Words("Invalid API Key format")], KeyRefused),
        new(Statuses.ClientErrors, [new Words("INVALID_PAYMENT_INSTRUMENT") { Within = true }], OutOfCredit),

        // ---- the model's: not ours to use, not here, no more, or by another name
        new(
            Statuses.ClientErrors,
            [
                new Words("You don't have access to the model"),
                new Words("The provided model identifier is invalid"),
                new Words("Invocation of model ID", "on-demand throughput"),
                new Words("This model version has reached the end of its life"),
                new Words("This Model is marked by provider as Legacy"),
                new Words("Access denied. This Model is marked by provider as Legacy"),
                new Words("Model use case details have not been submitted"),
                new Words("Model access is denied"),
            ],
            ModelNotOffered),
        new(403, ["AccessDeniedException", "AccessDenied"], NotPermittedHere),
        new(404, ["ResourceNotFoundException"], NothingThere),

        // ---- limits. A quota has the status of a faulty request.
        new(Statuses.Any, ["ThrottlingException", "TooManyRequestsException", "ServiceQuotaExceededException", "Throttling"], Limited),

        // ---- the model's failing
        new(Statuses.Any, ["ModelErrorException", "ModelStreamErrorException"], ModelGaveUp),
        new(200, ["malformed_model_output", "malformed_tool_use"], ModelGaveUp),

        // ---- the provider's. A model that is not ready has the status of a limit.
        new(
            Statuses.Any,
            ["ModelNotReadyException", "ModelTimeoutException", "InternalServerException", "InternalFailure", "ServiceUnavailableException", "ServiceUnavailable"],
            Failed),

        new(200, ["ValidationException"], TranslationRefused),
    ];
}
