using MasterX.Api.Idempotency;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace MasterX.Api.OpenApi;

/// <summary>Which headers answers have, and requests may: the endpoints do not say it of themselves, as most are set for all of them in one place.</summary>
internal static class ApiHeaders
{
    private const string Tag = "ETag", Location = "Location", RetryAfter = "Retry-After", Replayed = "Idempotency-Replayed", BudgetLeft = "x-masterx-budget-left-usd", Cache = "x-masterx-cache";

    private static readonly string[] Limits = ["RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset"];

    /// <summary>Of what a model has answered, in the format of its client.</summary>
    private static readonly string[] Answered =
    [
        "x-masterx-provider", "x-masterx-model", "x-masterx-attempts", "x-masterx-attempt-list", "x-masterx-cached", "x-masterx-ignored", "x-masterx-tokens-in", "x-masterx-tokens-out", "x-masterx-cost-usd",
    ];

    private static readonly HashSet<string> Versioned = ["createUser", "getUser", "updateUser"];
    private static readonly HashSet<string> Paid = ["createChatCompletion", "createEmbedding", "createResponse", "createMessage"];

    private static readonly (string Name, JsonSchemaType Type, string Description)[] Known =
    [
        ("RateLimit-Limit", JsonSchemaType.Integer, "Requests per minute that the key has; only with a key that has a limit, like the two beside it."),
        ("RateLimit-Remaining", JsonSchemaType.Integer, "Requests that are left now."),
        ("RateLimit-Reset", JsonSchemaType.Integer, "Seconds until there is one more."),
        (RetryAfter, JsonSchemaType.Integer, "Seconds after which asking again is worth it."),
        (Tag, JsonSchemaType.String, "The version, for If-Match and If-None-Match."),
        (Location, JsonSchemaType.String, "Where the new one is."),
        (Replayed, JsonSchemaType.String, "true where this is the answer to an earlier request with the same Idempotency-Key."),
        (BudgetLeft, JsonSchemaType.String, "US dollars that are left of the key's budget, what is under way reserved; only with a key that has one."),
        ("x-masterx-provider", JsonSchemaType.String, "Who answered."),
        ("x-masterx-model", JsonSchemaType.String, "Which of its models."),
        ("x-masterx-attempts", JsonSchemaType.Integer, "How many were asked."),
        ("x-masterx-attempt-list", JsonSchemaType.String, "Each of them with outcome, status and milliseconds."),
        ("x-masterx-cached", JsonSchemaType.String, "true where the answer was there already."),
        ("x-masterx-ignored", JsonSchemaType.String, "What of the request changes nothing with this provider, and was left out."),
        ("x-masterx-tokens-in", JsonSchemaType.Integer, "Input tokens of all attempts; not of a stream, like the two beside it."),
        ("x-masterx-tokens-out", JsonSchemaType.Integer, "Output tokens of all attempts."),
        ("x-masterx-cost-usd", JsonSchemaType.String, "What all attempts cost, in US dollars; only where there are prices."),
    ];

    /// <summary>Every header once; the answers refer to it.</summary>
    public static IDictionary<string, IOpenApiHeader> Describe() => Known.ToDictionary(
        header => header.Name, IOpenApiHeader (header) => new OpenApiHeader { Description = header.Description, Schema = new OpenApiSchema { Type = header.Type } });

    public static void AddTo(OpenApiOperation operation, OpenApiOperationTransformerContext context)
    {
        var metadata = context.Description.ActionDescriptor.EndpointMetadata;
        var (isOpen, isIdempotent) = (metadata.OfType<IAllowAnonymous>().Any(), metadata.OfType<IdempotentEndpoint>().Any());
        var id = operation.OperationId ?? "";
        foreach (var (status, described) in operation.Responses ?? [])
        {
            if (described is not OpenApiResponse response)
            {
                continue;
            }

            string[] names =
            [
                .. isOpen || status == "401" ? [] : Limits,
                .. status is "429" or "503" ? [RetryAfter] : (string[])[],
                .. status == "412" || (Versioned.Contains(id) && status is ("200" or "201" or "304")) ? [Tag] : (string[])[],
                .. status == "201" ? [Location] : (string[])[],
                .. isIdempotent && status is ("200" or "201" or "400" or "402" or "409") ? [Replayed] : (string[])[],
                .. Paid.Contains(id) && status == "200" ? Answered : [],
                .. (Paid.Contains(id) || id == "generate") && status == "200" ? [BudgetLeft] : (string[])[],
            ];
            foreach (var name in names)
            {
                (response.Headers ??= new Dictionary<string, IOpenApiHeader>())[name] = new OpenApiHeaderReference(name, context.Document);
            }
        }

        if (Paid.Contains(id) || id == "generate")
        {
            Ask(operation, Calls.CallTags.Header, "What the call is for, for GET /api/usage: NAME=VALUE, separated by commas, up to 10; names of a-z, 0-9, '_', '.' and '-'.");
        }

        if (Paid.Contains(id))
        {
            Ask(operation, Cache, "Seconds for which an equal request may be answered from memory, or off; without it the route decides.");
        }

        if (id is "createMessage" or "countTokens")
        {
            Ask(operation, "anthropic-version", "As Anthropic's clients send it.");
            Ask(operation, "anthropic-beta", "Likewise; passed to providers that speak this format.");
        }
    }

    private static void Ask(OpenApiOperation operation, string name, string description) => (operation.Parameters ??= []).Add(
        new OpenApiParameter { Name = name, In = ParameterLocation.Header, Description = description, Schema = new OpenApiSchema { Type = JsonSchemaType.String } });
}
