using MasterX.Api.Idempotency;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace MasterX.Api.OpenApi;

/// <summary>
/// The API's description in OpenAPI 3.1, made of the endpoints themselves; what they cannot say of themselves is added here. <c>openapi.json</c> beside the project is this document as it
/// was agreed on: a test compares the two.
/// </summary>
internal static class ApiDescription
{
    public const string DocumentName = "v1";

    private const string Scheme = "key", TokenScheme = "token";

    public static void AddApiDescription(this WebApplicationBuilder builder) => builder.Services.AddOpenApi(DocumentName, options =>
    {
        options.OpenApiVersion = OpenApiSpecVersion.OpenApi3_1;
        options.AddDocumentTransformer((document, _, _) =>
        {
            Describe(document);
            return Task.CompletedTask;
        });
        options.AddOperationTransformer((operation, context, _) =>
        {
            Describe(operation, context);
            return Task.CompletedTask;
        });
        options.AddSchemaTransformer((schema, context, _) =>
        {
            SchemaRules.Apply(schema, context);
            return Task.CompletedTask;
        });
    });

    private static void Describe(OpenApiDocument document)
    {
        document.Info = new OpenApiInfo
        {
            Title = "MasterX",
            Version = DocumentName,
            Description = "Text from AI models, from whichever provider answers; and the users and keys it is generated for. Errors are problem documents (RFC 9457) under /api, OpenAI's under /v1, and Anthropic's under /v1/messages.",
        };
        document.Servers = [new OpenApiServer { Url = "/" }];
        document.Tags = new HashSet<OpenApiTag>(
        [
            new OpenApiTag { Name = "Info", Description = "What this is." },
            new OpenApiTag { Name = "AI", Description = "Generate, and look at what was generated." },
            new OpenApiTag { Name = "Users", Description = "On whose behalf text is generated." },
            new OpenApiTag { Name = "Keys", Description = "Who may call, for admins." },
            new OpenApiTag { Name = "Audit", Description = "What admins have done, for admins." },
            new OpenApiTag { Name = "Usage", Description = "Requests, tokens and cost." },
            new OpenApiTag { Name = "OpenAI", Description = "An unmodified OpenAI client works here, with base URL and key changed." },
            new OpenApiTag { Name = "Anthropic", Description = "An unmodified Anthropic client works here, with base URL and key changed." },
        ]);
        document.Components ??= new OpenApiComponents();
        document.Components.Headers = ApiHeaders.Describe();
        document.Components.SecuritySchemes = new Dictionary<string, IOpenApiSecurityScheme>
        {
            [Scheme] = new OpenApiSecurityScheme { Type = SecuritySchemeType.Http, Scheme = "bearer", Description = "A consumer's key, mx_…, of POST /api/keys; it may come as the header api-key or x-api-key instead." },
            [TokenScheme] = new OpenApiSecurityScheme { Type = SecuritySchemeType.Http, Scheme = "bearer", BearerFormat = "JWT", Description = "A token of the authority, where one is configured (Oidc__Authority): a JWT for this service, whose claims name the caller's project and what it may do." },
        };
    }

    private static void Describe(OpenApiOperation operation, OpenApiOperationTransformerContext context)
    {
        var metadata = context.Description.ActionDescriptor.EndpointMetadata;
        operation.Security = metadata.OfType<IAllowAnonymous>().Any() ? [] : [.. new[] { Scheme, TokenScheme }.Select(scheme => new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference(scheme, context.Document)] = [] })];
        if (metadata.OfType<IdempotentEndpoint>().Any())
        {
            (operation.Parameters ??= []).Add(new OpenApiParameter
            {
                Name = IdempotencyMiddleware.Header,
                In = ParameterLocation.Header,
                Description = "Names the request: sent again with the same name and body, it is answered as the first time, and nothing is done twice.",
                Schema = new OpenApiSchema { Type = JsonSchemaType.String, MinLength = 1, MaxLength = 255, Pattern = "^[!-~]+$" },
            });
        }

        ApiExamples.AddTo(operation);
        ApiHeaders.AddTo(operation, context);
        ApiEvents.AddTo(operation);
    }
}
