namespace MasterX.Api.Users;

/// <summary>A person on whose behalf text is generated.</summary>
/// <param name="Id">Begins with <c>usr_</c>; sorts by creation.</param>
/// <param name="OwnerId">The project, or the key without one, whose it is; with the admins it alone sees it.</param>
/// <param name="Name">1 to 200 characters.</param>
/// <param name="Email">As given.</param>
/// <param name="CreatedAt">UTC, to the millisecond.</param>
/// <param name="UpdatedAt">UTC, to the millisecond.</param>
/// <param name="Version">1, and one more with every change.</param>
internal sealed record User(string Id, string OwnerId, string Name, string Email, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt, long Version)
{
    /// <summary>
    /// What makes two addresses or names the same: letter case does not make them different, nor do spaces around them. Where the runtime has Unicode's tables, nor whether an accented
    /// letter is written as one character or two (form C); globalization-invariant, as this service is published, it compares them as written.
    /// </summary>
    public static string Normalize(string text) => text.Trim().Normalize().ToLowerInvariant();
}
