using System.Diagnostics;

namespace MasterX.ServiceDefaults.Http;

/// <summary>
/// Names the span of a request by the template of its path, as OpenTelemetry's conventions for HTTP have it
/// (<see href="https://opentelemetry.io/docs/specs/semconv/http/http-spans/#name"/>): <c>{method} {url.template}</c>. Without a template it
/// is the method alone.
/// </summary>
public static class UrlTemplate
{
    private static readonly HttpRequestOptionsKey<string> Template = new("url.template");

    /// <summary>Says which template the request's path is made of.</summary>
    /// <param name="message">A request.</param>
    /// <param name="template">One of a few, such as <c>/users/{id}</c>.</param>
    /// <returns>The request.</returns>
    public static HttpRequestMessage WithUrlTemplate(this HttpRequestMessage message, string template)
    {
        message.Options.Set(Template, template);
        return message;
    }

    internal static void Describe(Activity activity, HttpRequestMessage message)
    {
        if (message.Options.TryGetValue(Template, out var template))
        {
            activity.SetTag("url.template", template);
            activity.DisplayName = $"{message.Method.Method} {template}";
        }
    }
}
