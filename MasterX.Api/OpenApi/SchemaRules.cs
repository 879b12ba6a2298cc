using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using MasterX.Api.Ai;
using MasterX.Api.Keys;
using MasterX.Api.Users;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace MasterX.Api.OpenApi;

/// <summary>What the service does with a body and its schema would not say: it refuses fields it does not know, and null where a value is required.</summary>
internal static class SchemaRules
{
    /// <summary>Bodies that are read field by field; OpenAI's are passed on with whatever they hold.</summary>
    private static readonly HashSet<Type> Closed = [typeof(GenerateRequest), typeof(CreateUser), typeof(UpdateUser), typeof(CreateKey)];

    public static void Apply(OpenApiSchema schema, OpenApiSchemaTransformerContext context)
    {
        var type = context.JsonTypeInfo.Type;
        if (context.JsonPropertyInfo is null)
        {
            // Answers may gain fields; and problem documents have more than the class that makes them.
            schema.AdditionalPropertiesAllowed = !Closed.Contains(type);
            if (type == typeof(ProblemDetails))
            {
                Extend(schema);
            }
        }

        if (context.JsonPropertyInfo is { } property)
        {
            var attributes = property.AttributeProvider?.GetCustomAttributes(inherit: true) ?? [];
            if (attributes.OfType<RequiredAttribute>().Any())
            {
                schema.Type &= ~JsonSchemaType.Null;
            }

            if (property.PropertyType == typeof(JsonElement?) && property.Name is "input" or "content")
            {
                schema.OneOf = null;
                schema.AnyOf = [new OpenApiSchema { Type = JsonSchemaType.String, MinLength = 1 }, new OpenApiSchema { Type = JsonSchemaType.Array, MinItems = 1, Items = new OpenApiSchema() }];
            }

            if (attributes.OfType<AllowedValuesAttribute>().FirstOrDefault() is { } allowed)
            {
                schema.Enum = [.. allowed.Values.Select(value => (System.Text.Json.Nodes.JsonNode)(string)value!)];
            }

            if (property.Name == "scopes" && property.DeclaringType == typeof(CreateKey) && schema.Items is OpenApiSchema items)
            {
                items.Enum = [ConsumerScopes.Generate, ConsumerScopes.Admin];
            }
        }
    }

    /// <summary>The members that this service adds to RFC 9457's.</summary>
    private static void Extend(OpenApiSchema schema)
    {
        schema.Properties ??= new Dictionary<string, IOpenApiSchema>();
        schema.Properties["trace_id"] = new OpenApiSchema { Type = JsonSchemaType.String, Description = "To be quoted when the problem is reported." };
        schema.Properties["errors"] = new OpenApiSchema { Type = JsonSchemaType.Object, Description = "What is wrong with which field.", AdditionalProperties = new OpenApiSchema { Type = JsonSchemaType.Array, Items = new OpenApiSchema { Type = JsonSchemaType.String } } };
        schema.Properties["attempts"] = new OpenApiSchema { Type = JsonSchemaType.Array, Description = "Which providers were asked, and how each failed.", Items = new OpenApiSchema { Type = JsonSchemaType.Object } };
    }
}
