using MasterX.Api.Storage;

namespace MasterX.Api.Idempotency;

/// <summary>A request that may come again.</summary>
/// <param name="ResourceId">Of what it makes.</param>
/// <param name="Hold">Holds it for this process.</param>
/// <param name="CallerLeft">Cancelled when its caller leaves.</param>
internal sealed record IdempotentRequest(Guid ResourceId, IdempotencyHold Hold, CancellationToken CallerLeft)
{
    /// <summary>Whether the answer could be another one next time, as after a failure, or where it depends on what may change: it is not to be given again.</summary>
    public bool MayEndOtherwise { get; set; }

    /// <summary>Whether it ends when its caller leaves.</summary>
    public bool EndsWithCaller { get; set; }

    /// <summary>The user of whom its answer tells.</summary>
    public string? UserId { get; set; }
}

/// <summary>Marks an endpoint that makes something, and honours <c>Idempotency-Key</c>.</summary>
internal sealed class IdempotentEndpoint;

/// <summary>Marks an endpoint whose answer shows a key.</summary>
internal sealed class ShowsKey;

/// <summary>What endpoints need of it.</summary>
internal static class IdempotencyExtensions
{
    public static TBuilder IsIdempotent<TBuilder>(this TBuilder endpoint)
        where TBuilder : IEndpointConventionBuilder => endpoint.WithMetadata(new IdempotentEndpoint());

    /// <summary>The id of what the request makes: the same, however often the request is begun.</summary>
    public static string NewId(this HttpContext context, string prefix) =>
        context.Features.Get<IdempotentRequest>() is { } request ? Identifier.Of(prefix, request.ResourceId) : Identifier.New(prefix);

    /// <summary>Whether the request may come again, and should then find what it has made.</summary>
    public static bool MayComeAgain(this HttpContext context) => context.Features.Get<IdempotentRequest>() is not null;

    /// <summary>Makes sure, before something is done that costs, that no other process has taken the request over.</summary>
    /// <exception cref="OperationCanceledException">One has.</exception>
    public static ValueTask ConfirmHoldAsync(this HttpContext context) => context.Features.Get<IdempotentRequest>() is { } request ? request.Hold.ConfirmAsync() : ValueTask.CompletedTask;

    /// <summary>Says that the same request may be answered otherwise next time: the answer is not kept.</summary>
    public static void MayEndOtherwise(this HttpContext context)
    {
        if (context.Features.Get<IdempotentRequest>() is { } request)
        {
            request.MayEndOtherwise = true;
        }
    }

    /// <summary>Says of which user the answer tells: erasing the user erases it too.</summary>
    public static void TellsOf(this HttpContext context, string userId)
    {
        if (context.Features.Get<IdempotentRequest>() is { } request)
        {
            request.UserId = userId;
        }
    }

    /// <summary>Ends the request when its caller leaves, though it may come again: for a stream, which nobody would hear.</summary>
    /// <returns>Cancelled then.</returns>
    public static CancellationToken EndWithCaller(this HttpContext context)
    {
        if (context.Features.Get<IdempotentRequest>() is { } request)
        {
            request.EndsWithCaller = true;
            context.RequestAborted = request.CallerLeft;
        }

        return context.RequestAborted;
    }
}
