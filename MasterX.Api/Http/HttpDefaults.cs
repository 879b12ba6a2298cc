using System.Text.Json;
using System.Text.Json.Serialization;
using MasterX.Api.Idempotency;
using MasterX.Api.Keys;
using MasterX.Api.OpenApi;
using MasterX.ServiceDefaults.Configuration;
using Microsoft.AspNetCore.Http.Json;
using Scalar.AspNetCore;

namespace MasterX.Api.Http;

/// <summary>How the API speaks HTTP: JSON, errors, limits, CORS, its description.</summary>
internal static class HttpDefaults
{
    /// <summary>Where the API can be tried out.</summary>
    public const string DocsPath = "/docs";

    private const int MaxJsonDepth = 32;

    public static void AddHttpDefaults(this WebApplicationBuilder builder)
    {
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = RequestSizeLimit.LargestRead;
            kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(15);
        });
        builder.Services.Configure<JsonOptions>(json => Configure(json.SerializerOptions));

        // A bad body is answered by BadRequestHandler, with what is wrong with it, in every environment.
        builder.Services.Configure<RouteHandlerOptions>(routes => routes.ThrowOnBadRequest = true);
        builder.Services.AddSingleton<IProblemDetailsWriter, Anthropic.AnthropicProblemWriter>();
        builder.Services.AddSingleton<IProblemDetailsWriter, OpenAi.OpenAiProblemWriter>();
        builder.Services.AddProblemDetails(problems => problems.CustomizeProblemDetails = ProblemDefaults.Complete);
        builder.Services.AddExceptionHandler<BadRequestHandler>();
        builder.Services.AddExceptionHandler<StorageFailureHandler>();
        builder.Services.AddSingleton<IdempotencyOptions>();
        builder.Services.AddSingleton<IConfigurationRule, IdempotencyOptions.Rule>();
        builder.Services.AddValidation();
        builder.AddApiDescription();
        builder.AddTransportSecurity();
        builder.AddCrossOrigin();
    }

    public static void UseHttpDefaults(this WebApplication app)
    {
        app.UseTransportSecurity();
        app.UseMiddleware<SecurityHeaders>();

        // Before all that answers with an error: a script is told of those as well.
        app.UseCors();
        app.UseExceptionHandler();
        app.UseStatusCodePages();
        app.UseMiddleware<AllowedMethods>();
        app.UseMiddleware<RequestSizeLimit>();
        app.UseMiddleware<UnpackedOnly>();
        app.UseConsumerKeys();
        app.UseMiddleware<AllowedDoors>();
        app.UseMiddleware<IdempotencyMiddleware>();
        app.MapOpenApi().AllowAnonymous();
        app.MapScalarApiReference(DocsPath, ShowOurOwnAlone).AllowAnonymous();
    }

    /// <summary>The page shows this API: no button, link, font or report of it leads to its maker's services.</summary>
    private static void ShowOurOwnAlone(ScalarOptions page) => page
        .WithTitle("MasterX")
        .DisableAgent()
        .DisableMcp()
        .DisableTelemetry()
        .DisableDefaultFonts()
        .HideClientButton()
        .HideDeveloperTools()
        .WithCustomCss("a[href*='scalar.com'] { display: none !important; }");

    /// <summary>snake_case names; a field nobody reads, or one given twice, is an error and not silently lost.</summary>
    private static void Configure(JsonSerializerOptions json)
    {
        json.PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower;
        json.DictionaryKeyPolicy = JsonNamingPolicy.SnakeCaseLower;
        json.UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow;
        json.AllowDuplicateProperties = false;
        json.RespectNullableAnnotations = true;
        json.NumberHandling = JsonNumberHandling.Strict;
        json.MaxDepth = MaxJsonDepth;
    }
}
