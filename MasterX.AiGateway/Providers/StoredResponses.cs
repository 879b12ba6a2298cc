using System.Net;
using MasterX.AiGateway.Providers.Classification;
using MasterX.AiGateway.Providers.Credentials;
using MasterX.AiGateway.Providers.Keys;
using MasterX.AiGateway.Requests;
using MasterX.ServiceDefaults.Compression;

namespace MasterX.AiGateway.Providers;

/// <summary>
/// <c>GET</c> and <c>DELETE /v1/responses/{id}</c>, <c>POST …/cancel</c> and <c>GET …/input_items</c>, of the provider that keeps the
/// response (<see href="https://platform.openai.com/docs/api-reference/responses"/>).
/// </summary>
internal sealed class StoredResponses(GatewayConfiguration configuration, TimeProvider time)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    /// <param name="context">The caller's; <c>id</c> is a route value.</param>
    /// <param name="method">HTTP's.</param>
    /// <param name="part">Behind the name: empty, <c>/cancel</c>, <c>/input_items</c>.</param>
    public async Task HandleAsync(HttpContext context, HttpMethod method, string part)
    {
        var consumer = ModelEndpoint.Consumer(context);
        var ids = new ResponseIds(configuration.Options.Token, consumer);
        if (!ids.TryRead((string)context.Request.RouteValues["id"]!, out var response)
            || configuration.Routes.Providers.FirstOrDefault(known => known.Name == response.Provider) is not { } provider)
        {
            await CallerError.WriteAsync(
                context, StatusCodes.Status404NotFound, "There is no response of this name that was given to this consumer.",
                CallerError.InvalidRequest, "response_not_found", "id");
            return;
        }

        if (!provider.KeepsResponses)
        {
            await CallerError.WriteAsync(
                context, StatusCodes.Status404NotFound, $"The provider '{provider.Name}' keeps no responses.",
                CallerError.InvalidRequest, "response_not_found", "id");
            return;
        }

        if (context.Request.Query["stream"] is ["true"])
        {
            await CallerError.BadRequestAsync(context, "A response that is kept is given whole; leave 'stream' out.", "stream");
            return;
        }

        var key = provider.Limits.Find(response.KeyLabel) ?? provider.Limits.AnyKey();
        await PassAsync(
            context, provider, key, method, $"responses/{Uri.EscapeDataString(response.Id)}{part}{context.Request.QueryString}",
            new ResponseNaming(ids.MadeWith(key), provider.Name));
    }

    private async Task PassAsync(HttpContext context, Provider provider, ProviderKey key, HttpMethod method, string path, ResponseNaming naming)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
        limit.CancelAfter(Limit);
        using var message = new HttpRequestMessage(method, provider.Format.ResponsesUri(provider.BaseUrl, path))
        {
            Version = HttpVersion.Version11, VersionPolicy = HttpVersionPolicy.RequestVersionOrHigher,
        };
        try
        {
            await provider.WriteHeadersAsync(message, key, isStream: false, limit.Token);
            using var response = await provider.Http.SendAsync(message, limit.Token);
            await using var stream = await ContentCoding.OpenAsync(response.Content, limit.Token);
            using var body = await ReadAsync(stream, limit.Token);
            if (!response.IsSuccessStatusCode)
            {
                await WriteErrorAsync(context, provider, (int)response.StatusCode, body);
                return;
            }

            using var named = new PooledBuffer(body.Length + 256);
            if (!naming.TryWrite(body.Span, 1, named))
            {
                throw new InvalidDataException("The response is not valid JSON.");
            }

            context.Response.ContentType = "application/json";
            context.Response.ContentLength = named.Length;
            context.Response.Headers["x-masterx-provider"] = provider.Name;
            await context.Response.BodyWriter.WriteAsync(named.Memory, context.RequestAborted);
        }
        catch (Exception failure) when (failure is HttpRequestException or IOException or InvalidDataException or CredentialException
            || (failure is OperationCanceledException && !context.RequestAborted.IsCancellationRequested))
        {
            await CallerError.WriteAsync(
                context, StatusCodes.Status503ServiceUnavailable, $"The provider '{provider.Name}', which keeps the response, did not answer as it should. Try again.",
                CallerError.Server, "provider_failed");
        }
    }

    /// <summary>The provider's word on the response; what is between it and us is no fault of the caller's.</summary>
    private Task WriteErrorAsync(HttpContext context, Provider provider, int status, PooledBuffer body)
    {
        var error = provider.Format.Errors.Describe(ErrorBody.Read(body.Memory, time.GetUtcNow()));
        return status is 400 or 404 or 409 or 422
            ? CallerError.WriteAsync(
                context, status, provider.Redact(error.Message ?? "The provider refused it without saying why."),
                CallerError.InvalidRequest, error.Code, error.Parameter)
            : CallerError.WriteAsync(
                context, StatusCodes.Status503ServiceUnavailable, $"The provider '{provider.Name}', which keeps the response, answered with status {status}. Try again.",
                CallerError.Server, "provider_failed");
    }

    private async Task<PooledBuffer> ReadAsync(Stream stream, CancellationToken cancellationToken)
    {
        var body = new PooledBuffer(4096);
        try
        {
            while (await stream.ReadAsync(body.GetMemory(4096), cancellationToken) is var read and > 0)
            {
                body.Advance(read);
                if (body.Length > configuration.Options.MaxAnswerBytes)
                {
                    throw new InvalidDataException("The response is larger than MaxAnswerBytes.");
                }
            }

            return body;
        }
        catch
        {
            body.Dispose();
            throw;
        }
    }
}
