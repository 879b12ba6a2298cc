namespace MasterX.Api.Idempotency;

/// <summary>A request that may come again, and its answer once there is one.</summary>
internal sealed record IdempotencyRecord
{
    /// <summary>The caller's key's id and a hash of what the caller calls the request.</summary>
    public required string Id { get; init; }

    /// <summary>SHA-256 of method, path and body: what a repetition has to be equal in.</summary>
    public required string RequestHash { get; init; }

    /// <summary>What the request makes gets this id, however often it is begun: a request that died after making it is found to have made it.</summary>
    public required Guid ResourceId { get; init; }

    /// <summary>
    /// Who has it: another one with every beginning and every take-over, and never one that was there before. Only the holder changes the
    /// record; whoever was held up until another took it over finds that it is not its own any more.
    /// </summary>
    public required string Holder { get; init; }

    /// <summary>While it is under way: until when its process is believed to be alive. Of an answered one the time of its answer.</summary>
    public required DateTimeOffset HeldUntil { get; init; }

    /// <summary>After which it is forgotten.</summary>
    public required DateTimeOffset ExpiresAt { get; init; }

    /// <summary>The user of whom the answer tells, if there is one: when the user is erased, so is the answer.</summary>
    public string? UserId { get; init; }

    /// <summary>Status, headers and body, encrypted with a key that is made of the caller's own; <see langword="null"/> while it is under way.</summary>
    public byte[]? Answer { get; init; }

    /// <summary>Of nobody else, ever.</summary>
    public static string NewHolder() => Guid.NewGuid().ToString("N");
}
