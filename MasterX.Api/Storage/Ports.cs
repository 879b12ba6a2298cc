using MasterX.Api.Ai;
using MasterX.Api.Audit;
using MasterX.Api.Idempotency;
using MasterX.Api.Keys;
using MasterX.Api.Usage;
using MasterX.Api.Users;

namespace MasterX.Api.Storage;

/// <summary>The database as a whole.</summary>
internal interface IDatabase
{
    /// <summary><c>embedded</c> or <c>mongo</c>.</summary>
    string Kind { get; }

    /// <summary>Makes tables, collections and indexes that are missing; can be called again and again.</summary>
    /// <exception cref="StorageException">The database cannot be used; the message says what to do.</exception>
    Task InitializeAsync(CancellationToken cancellationToken);

    /// <summary>Asks the database for a sign of life.</summary>
    /// <exception cref="StorageException">It gives none.</exception>
    Task PingAsync(CancellationToken cancellationToken);

    /// <summary>Writes something small, to where everything else is written, and makes sure that it is there.</summary>
    /// <returns>A warning; <see langword="null"/> when all is well.</returns>
    /// <exception cref="StorageException">Nothing can be written, or what is written is lost.</exception>
    Task<string?> ProbeAsync(CancellationToken cancellationToken);

    /// <summary>Gives some of the room that deleted rows have had back, where this database does not do so by itself; a short write.</summary>
    /// <returns>Whether there may be more to give back.</returns>
    /// <exception cref="StorageException">It cannot be written.</exception>
    Task<bool> ShrinkAsync(CancellationToken cancellationToken);
}

/// <summary>How a change that names the version it was made from has ended.</summary>
internal enum ChangeResult
{
    /// <summary>It is in force, and survives the death of this process.</summary>
    Done,

    /// <summary>There is nothing to change.</summary>
    NotFound,

    /// <summary>It was changed by someone else in between; nothing was done.</summary>
    Conflict,

    /// <summary>Another one has what must be unique; nothing was done.</summary>
    Taken,
}

/// <summary>Users.</summary>
internal interface IUserStore
{
    /// <returns>Whether it was added; <see langword="false"/> when the e-mail address is taken. Once true, it survives the death of this process.</returns>
    Task<bool> TryAddAsync(User user, CancellationToken cancellationToken);

    /// <param name="ownerId">Whose; <see langword="null"/> for anyone's.</param>
    /// <param name="id">Which.</param>
    /// <param name="cancellationToken">Ends the read.</param>
    Task<User?> FindAsync(string? ownerId, string id, CancellationToken cancellationToken);

    /// <summary>Newest first.</summary>
    /// <param name="ownerId">Whose; <see langword="null"/> for everyone's.</param>
    /// <param name="prefix">Of the name or the e-mail address, whatever their letter case; <see langword="null"/> for all.</param>
    /// <param name="before">Only those older than the one with this id.</param>
    /// <param name="limit">At most this many.</param>
    /// <param name="cancellationToken">Ends the read.</param>
    Task<IReadOnlyList<User>> ListAsync(string? ownerId, string? prefix, string? before, int limit, CancellationToken cancellationToken);

    /// <summary>Replaces the user if it is still the version before <see cref="User.Version"/>.</summary>
    Task<ChangeResult> UpdateAsync(User user, CancellationToken cancellationToken);

    /// <param name="id">Which.</param>
    /// <param name="version">Only while it is this version; <see langword="null"/> for any.</param>
    /// <param name="act">Whose entry is made when it is done; <see langword="null"/> for none.</param>
    /// <param name="cancellationToken">Ends the write.</param>
    Task<ChangeResult> DeleteAsync(string id, long? version, AuditAct? act, CancellationToken cancellationToken);

    /// <summary>Without an entry in the log.</summary>
    Task<ChangeResult> DeleteAsync(string id, long? version, CancellationToken cancellationToken) => DeleteAsync(id, version, null, cancellationToken);
}

/// <summary>Generated answers; they are added together with the booking of their call: <see cref="Calls.ICallStore.SettleAsync"/>.</summary>
internal interface IGenerationStore
{
    /// <param name="ownerId">Whose; <see langword="null"/> for anyone's.</param>
    /// <param name="id">Which.</param>
    /// <param name="cancellationToken">Ends the read.</param>
    Task<Generation?> FindAsync(string? ownerId, string id, CancellationToken cancellationToken);

    /// <summary>Newest first.</summary>
    /// <param name="filter">Which.</param>
    /// <param name="before">Only those older than the one with this id.</param>
    /// <param name="limit">At most this many.</param>
    /// <param name="cancellationToken">Ends the read.</param>
    Task<GenerationPage> ListAsync(GenerationFilter filter, string? before, int limit, CancellationToken cancellationToken);

    /// <returns>How many were there, and are gone. What they have cost stays booked.</returns>
    Task<int> DeleteAsync(IReadOnlyList<string> ids, CancellationToken cancellationToken);

    /// <summary>Takes away all that is an owner's; or, where the numbers are to be kept, what was said.</summary>
    /// <param name="ownerId">Whose.</param>
    /// <param name="keepsNumbers">Whether tokens and costs stay.</param>
    /// <param name="cancellationToken">Ends the write; it can be begun again.</param>
    Task EraseOfOwnerAsync(string ownerId, bool keepsNumbers, CancellationToken cancellationToken);

    /// <returns>How many were made on behalf of the user, and are gone.</returns>
    Task<int> DeleteOfUserAsync(string userId, CancellationToken cancellationToken);

    /// <summary>Takes the user, and what was said, out of the generations made on the user's behalf; tokens and costs stay.</summary>
    /// <returns>How many.</returns>
    Task<int> AnonymizeOfUserAsync(string userId, CancellationToken cancellationToken);

    /// <returns>How many were older, and are gone; as many as the limit, where there may be more.</returns>
    Task<int> DeleteOlderThanAsync(DateTimeOffset time, int limit, CancellationToken cancellationToken);
}

/// <summary>Consumers' keys. Where an act is given, its entry is made when it is done, and none when it is not.</summary>
internal interface IKeyStore
{
    /// <returns>Whether it was added; <see langword="false"/> when its project is not there, or is being deleted. Once true, it survives the death of this process.</returns>
    Task<bool> TryAddAsync(ConsumerKey key, AuditAct? act, CancellationToken cancellationToken);

    /// <inheritdoc cref="TryAddAsync(ConsumerKey, AuditAct?, CancellationToken)"/>
    Task<bool> TryAddAsync(ConsumerKey key, CancellationToken cancellationToken) => TryAddAsync(key, null, cancellationToken);

    /// <param name="hash">Of the key as it is, or as it was before it was rotated last.</param>
    /// <param name="cancellationToken">Ends the read.</param>
    Task<ConsumerKey?> FindByHashAsync(string hash, CancellationToken cancellationToken);

    Task<ConsumerKey?> FindAsync(string id, CancellationToken cancellationToken);

    /// <summary>Newest first.</summary>
    /// <param name="projectId">Of which project; <see langword="null"/> for all.</param>
    /// <param name="before">Only those older than the one with this id.</param>
    /// <param name="limit">At most this many.</param>
    /// <param name="cancellationToken">Ends the read.</param>
    Task<IReadOnlyList<ConsumerKey>> ListAsync(string? projectId, string? before, int limit, CancellationToken cancellationToken);

    /// <summary>Whether a project has keys that are not revoked.</summary>
    Task<bool> HasAnyAsync(string projectId, CancellationToken cancellationToken);

    /// <summary>
    /// Replaces the key if it is still the version before <see cref="Allowance.Version"/>; when it was made, revoked and used, and its project, stay as they are. One that is revoked
    /// is not found.
    /// </summary>
    Task<ChangeResult> UpdateAsync(ConsumerKey key, AuditAct? act, CancellationToken cancellationToken);

    /// <inheritdoc cref="UpdateAsync(ConsumerKey, AuditAct?, CancellationToken)"/>
    Task<ChangeResult> UpdateAsync(ConsumerKey key, CancellationToken cancellationToken) => UpdateAsync(key, null, cancellationToken);

    /// <returns>Whether there is such a key; one that was revoked before stays revoked as it was, and makes no entry.</returns>
    Task<bool> RevokeAsync(string id, DateTimeOffset time, AuditAct? act, CancellationToken cancellationToken);

    /// <inheritdoc cref="RevokeAsync(string, DateTimeOffset, AuditAct?, CancellationToken)"/>
    Task<bool> RevokeAsync(string id, DateTimeOffset time, CancellationToken cancellationToken) => RevokeAsync(id, time, null, cancellationToken);

    /// <summary>Notes when a key was last used; never moves back.</summary>
    Task TouchAsync(string id, DateTimeOffset time, CancellationToken cancellationToken);
}

/// <summary>What keys have used.</summary>
internal interface IUsageStore
{
    /// <summary>Sums of what calls have spent, oldest first.</summary>
    Task<IReadOnlyList<UsageSum>> SumAsync(UsageQuery query, CancellationToken cancellationToken);

    /// <summary>Puts sums by key and day in the place of some of the records of days long gone: whoever asks meanwhile, or after it was cut short, finds each record once, in the one or the other.</summary>
    /// <param name="before">Of days before this one.</param>
    /// <param name="limit">Records, or calls, at most.</param>
    /// <param name="cancellationToken">Ends the write; it can be begun again.</param>
    /// <returns>0 when there are none any more.</returns>
    Task<int> RollUpAsync(DateOnly before, int limit, CancellationToken cancellationToken);

    /// <summary>What calls of a project's keys have spent, attempt by attempt, as it is read: it is never held as a whole.</summary>
    IAsyncEnumerable<SpendingRecord> ReadAsync(string projectId, CancellationToken cancellationToken);
}

/// <summary>Requests that may come again, with their answers.</summary>
internal interface IIdempotencyStore
{
    /// <returns><see langword="null"/> when the record is now the caller's; else the one that was there before.</returns>
    Task<IdempotencyRecord?> TryBeginAsync(IdempotencyRecord record, CancellationToken cancellationToken);

    /// <summary>Puts a record in the place of one that has lapsed or expired, if that is still as it was read.</summary>
    /// <param name="record">The new one, of a new holder.</param>
    /// <param name="known">The one that is to be replaced.</param>
    /// <param name="cancellationToken">Ends the write.</param>
    Task<bool> TryTakeOverAsync(IdempotencyRecord record, IdempotencyRecord known, CancellationToken cancellationToken);

    /// <summary>Holds a record longer, if it is still its holder's and not answered.</summary>
    Task<bool> TryHoldAsync(IdempotencyRecord record, CancellationToken cancellationToken);

    /// <summary>
    /// Answers a record, if it is still its holder's and not answered. Where it tells of a user who has been erased meanwhile, the record is
    /// removed instead: nobody is told of that user any more.
    /// </summary>
    Task<bool> TryAnswerAsync(IdempotencyRecord record, CancellationToken cancellationToken);

    Task<IdempotencyRecord?> FindAsync(string id, CancellationToken cancellationToken);

    /// <summary>Gives a record up, if it is still its holder's and not answered.</summary>
    Task<bool> TryGiveUpAsync(IdempotencyRecord record, CancellationToken cancellationToken);

    /// <summary>Deletes what an owner's keys have asked.</summary>
    Task DeleteOfOwnerAsync(string ownerId, CancellationToken cancellationToken);

    /// <returns>How many told of the user, and are gone.</returns>
    Task<int> DeleteOfUserAsync(string userId, CancellationToken cancellationToken);

    /// <returns>How many had expired, and are gone; as many as the limit, where there may be more.</returns>
    Task<int> DeleteExpiredAsync(DateTimeOffset now, int limit, CancellationToken cancellationToken);
}

/// <summary>The database does not do what it was asked to; the message says why and what to do.</summary>
/// <param name="message">For an operator.</param>
/// <param name="inner">The driver's exception.</param>
internal sealed class StorageException(string message, Exception inner) : Exception(message, inner);
