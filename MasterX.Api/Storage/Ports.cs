using MasterX.Api.Ai;
using MasterX.Api.Keys;
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
}

/// <summary>Users.</summary>
internal interface IUserStore
{
    /// <returns>Whether it was added; <see langword="false"/> when the e-mail address is taken. Once true, it survives the death of this process.</returns>
    Task<bool> TryAddAsync(User user, CancellationToken cancellationToken);

    Task<User?> FindAsync(string id, CancellationToken cancellationToken);
}

/// <summary>Generated answers.</summary>
internal interface IGenerationStore
{
    /// <summary>Once it returns, the generation survives the death of this process.</summary>
    Task AddAsync(Generation generation, CancellationToken cancellationToken);

    /// <returns><see langword="null"/> also when it is another key's.</returns>
    Task<Generation?> FindAsync(string keyId, string id, CancellationToken cancellationToken);

    /// <summary>Newest first.</summary>
    /// <param name="keyId">Whose.</param>
    /// <param name="before">Only those older than the one with this id.</param>
    /// <param name="limit">At most this many.</param>
    /// <param name="cancellationToken">Ends the read.</param>
    Task<IReadOnlyList<Generation>> ListAsync(string keyId, string? before, int limit, CancellationToken cancellationToken);
}

/// <summary>Consumers' keys.</summary>
internal interface IKeyStore
{
    Task AddAsync(ConsumerKey key, CancellationToken cancellationToken);

    Task<ConsumerKey?> FindByHashAsync(string hash, CancellationToken cancellationToken);
}

/// <summary>The database does not do what it was asked to; the message says why and what to do.</summary>
/// <param name="message">For an operator.</param>
/// <param name="inner">The driver's exception.</param>
internal sealed class StorageException(string message, Exception inner) : Exception(message, inner);
