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
        builder.AddCors();
    }

    public static void UseHttpDefaults(this WebApplication app)
    {
        app.UseTransportSecurity();
        app.UseMiddleware<SecurityHeaders>();
        app.UseExceptionHandler();
        app.UseStatusCodePages();
        app.UseMiddleware<RequestSizeLimit>();
        app.UseMiddleware<UnpackedOnly>();
        app.UseCors();
        app.UseConsumerKeys();
        app.UseMiddleware<IdempotencyMiddleware>();
        app.MapOpenApi().AllowAnonymous();
        app.MapScalarApiReference(DocsPath).AllowAnonymous();
    }

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

    /// <summary>Exact origins from <c>CORS_ORIGINS</c>, separated by commas; without it no browser of another origin gets in.</summary>
    private static void AddCors(this WebApplicationBuilder builder)
    {
        if (!builder.Environment.IsDevelopment())
        {
            builder.AddRequiredSetting(new("CORS_ORIGINS", "the exact origins whose browsers may call the API, separated by commas, or 'none'", "https://app.example.com"));
        }

        var origins = (builder.Configuration["CORS_ORIGINS"] ?? "none")
            .Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .Where(origin => origin is not "none")
            .ToArray();
        builder.Services.AddSingleton<IConfigurationRule>(new CorsOriginsRule(origins));
        builder.Services.AddCors(cors => cors.AddDefaultPolicy(policy => policy
            .WithOrigins([.. origins.Where(CorsOriginsRule.IsOrigin)])
            .WithMethods("GET", "POST", "PATCH", "DELETE")
            .WithHeaders("Authorization", PresentedKey.Azures, PresentedKey.Anthropics, "Content-Type", "Idempotency-Key", "If-Match", "If-None-Match")
            .WithExposedHeaders("ETag", "Location", "Retry-After", "Idempotency-Replayed", "RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset")));
    }
}
