namespace MasterX.Api.Users;

/// <summary>A person on whose behalf text is generated.</summary>
/// <param name="Id">Begins with <c>usr_</c>; sorts by creation.</param>
/// <param name="Name">1 to 200 characters.</param>
/// <param name="Email">As given.</param>
/// <param name="CreatedAt">UTC, to the millisecond.</param>
internal sealed record User(string Id, string Name, string Email, DateTimeOffset CreatedAt)
{
    /// <summary>What makes two addresses the same: letter case does not make them different, nor do spaces around them.</summary>
    public static string NormalizeEmail(string email) => email.Trim().ToLowerInvariant();
}
