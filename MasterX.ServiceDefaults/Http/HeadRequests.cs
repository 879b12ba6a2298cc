using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;

namespace MasterX.ServiceDefaults.Http;

/// <summary>
/// <c>HEAD</c> works wherever <c>GET</c> does (RFC 9110, 9.3.2): it is handled as one, and the server leaves the body out. A start-up filter, because it has to come before the route is chosen.
/// </summary>
internal sealed class HeadRequests : IStartupFilter
{
    public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
    {
        app.Use(static (context, rest) =>
        {
            if (HttpMethods.IsHead(context.Request.Method))
            {
                // Kestrel remembers what was asked for by itself.
                context.Request.Method = HttpMethods.Get;
            }

            return rest(context);
        });
        next(app);
    };
}
