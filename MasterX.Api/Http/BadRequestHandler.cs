using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Mvc;

namespace MasterX.Api.Http;

/// <summary>Says what is wrong with a request that could not be read: which field, which line, which limit.</summary>
internal sealed partial class BadRequestHandler(IProblemDetailsService problems) : IExceptionHandler
{
    public async ValueTask<bool> TryHandleAsync(HttpContext httpContext, Exception exception, CancellationToken cancellationToken)
    {
        if (exception is not BadHttpRequestException bad)
        {
            return false;
        }

        httpContext.Response.StatusCode = bad.StatusCode;
        return await problems.TryWriteAsync(new ProblemDetailsContext
        {
            HttpContext = httpContext,
            ProblemDetails = new ProblemDetails { Status = bad.StatusCode, Detail = Describe(bad) },
        });
    }

    private static string? Describe(BadHttpRequestException bad) => bad switch
    {
        { InnerException: JsonException json } => Describe(json),
        { StatusCode: not StatusCodes.Status400BadRequest } => null,
        _ when bad.Message.Contains("no body was provided", StringComparison.OrdinalIgnoreCase) => "A JSON body is required, and the request has none.",
        _ when UnboundParameter().Match(bad.Message) is { Success: true } parameter => $"The value of '{parameter.Groups[1].Value}' has the wrong type or form.",
        _ => bad.Message,
    };

    /// <summary>The serializer's own messages name .NET types; the caller knows fields.</summary>
    private static string Describe(JsonException json)
    {
        var field = json.Path is { Length: > 2 } path ? path[2..] : null;
        if (json.Message.Contains("could not be mapped", StringComparison.Ordinal))
        {
            return $"The field '{field ?? Quoted(json.Message)}' is not known; it would be lost.";
        }

        if (json.Message.Contains("Duplicate property", StringComparison.OrdinalIgnoreCase))
        {
            return $"The field '{Quoted(json.Message)}' is given twice.";
        }

        if (json.Message.Contains("missing required properties", StringComparison.Ordinal))
        {
            return $"Missing: {json.Message[(json.Message.LastIndexOf(':') + 1)..].Trim(' ', '.')}.";
        }

        if (json.Message.Contains("could not be converted", StringComparison.Ordinal))
        {
            return field is null ? "The body must be a JSON object." : $"The value of '{field}' has the wrong type or form.";
        }

        return string.Create(System.Globalization.CultureInfo.InvariantCulture, $"The body is not valid JSON: line {json.LineNumber + 1}, byte {json.BytePositionInLine + 1}.");
    }

    private static string Quoted(string message)
    {
        var parts = message.Split('\'');
        return parts.Length > 1 ? parts[1] : "?";
    }

    /// <summary>The framework's words for a path or query value it cannot convert: <c>Failed to bind parameter "int limit" from "x".</c></summary>
    [GeneratedRegex("^Failed to bind parameter \"\\S+ (\\S+)\"")]
    private static partial Regex UnboundParameter();
}
