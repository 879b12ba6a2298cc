using System.ComponentModel.DataAnnotations;
using MasterX.Api.Http;

namespace MasterX.Api.Users;

/// <summary>Body of <c>POST /api/users</c>.</summary>
public sealed record CreateUser
{
    /// <summary>1 to 200 characters, not only spaces.</summary>
    [Required(ErrorMessage = "name is required and must not be empty."), NotBlank(ErrorMessage = "name is required and must not be empty.")]
    [TextLength(200, MinimumLength = 1, ErrorMessage = "name must be at most {1} characters long.")]
    public string? Name { get; init; }

    /// <summary>At most 254 characters; unique among the users of one key, whatever its letter case.</summary>
    [Required(ErrorMessage = "email is required."), TextLength(254, MinimumLength = 3, ErrorMessage = "email must be {2} to {1} characters long.")]
    [RegularExpression(EmailForm.Pattern, ErrorMessage = EmailForm.Refusal)]
    public string? Email { get; init; }
}

/// <summary>Body of <c>PATCH /api/users/{id}</c>: what is not given stays as it is.</summary>
public sealed record UpdateUser
{
    /// <summary>1 to 200 characters, not only spaces.</summary>
    [NotBlank(ErrorMessage = "name must not be empty."), TextLength(200, ErrorMessage = "name must be at most {1} characters long.")]
    public string? Name { get; init; }

    /// <summary>At most 254 characters; unique among the users of one key, whatever its letter case.</summary>
    [TextLength(254, ErrorMessage = "email must be at most {1} characters long."), RegularExpression(EmailForm.Pattern, ErrorMessage = EmailForm.Refusal)]
    public string? Email { get; init; }
}

/// <summary>What an e-mail address has to look like; whether it exists, only a message to it can tell.</summary>
internal static class EmailForm
{
    /// <summary>One @ between two parts, without spaces or control characters.</summary>
    public const string Pattern = @"^[^@\s\x00-\x1f\x7f]+@[^@\s\x00-\x1f\x7f]+$";

    public const string Refusal = "email is not an e-mail address.";
}

/// <summary>A user as the API shows one.</summary>
/// <param name="Id">Begins with <c>usr_</c>.</param>
/// <param name="Name">As given, without spaces around it.</param>
/// <param name="Email">As given, without spaces around it.</param>
/// <param name="CreatedAt">UTC.</param>
/// <param name="UpdatedAt">UTC.</param>
internal sealed record UserAnswer(string Id, string Name, string Email, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt)
{
    public static UserAnswer Of(User user) => new(user.Id, user.Name, user.Email, user.CreatedAt, user.UpdatedAt);
}
