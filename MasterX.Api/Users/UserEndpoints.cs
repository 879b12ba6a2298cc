using System.ComponentModel.DataAnnotations;
using MasterX.Api.Keys;
using MasterX.Api.Storage;
using Microsoft.AspNetCore.Http.HttpResults;

namespace MasterX.Api.Users;

/// <summary><c>/api/users</c>.</summary>
internal static class UserEndpoints
{
    public static void MapUsers(this WebApplication app)
    {
        var users = app.MapGroup("/api/users").RequireAuthorization(ConsumerScopes.Generate).WithTags("Users");
        users.MapPost("/", CreateAsync).WithName("createUser").WithSummary("Create a user");
        users.MapGet("/{id}", GetAsync).WithName("getUser").WithSummary("Read a user");
    }

    private static async Task<Results<Created<UserAnswer>, ProblemHttpResult>> CreateAsync(CreateUser request, IUserStore users, TimeProvider time, CancellationToken cancellationToken)
    {
        var user = new User(Identifier.New("usr"), request.Name!.Trim(), request.Email!.Trim(), Identifier.Now(time));
        return await users.TryAddAsync(user, cancellationToken)
            ? TypedResults.Created($"/api/users/{user.Id}", UserAnswer.Of(user))
            : TypedResults.Problem("There is already a user with this e-mail address.", statusCode: StatusCodes.Status409Conflict);
    }

    private static async Task<Results<Ok<UserAnswer>, ProblemHttpResult>> GetAsync(string id, IUserStore users, CancellationToken cancellationToken) =>
        await users.FindAsync(id, cancellationToken) is { } user
            ? TypedResults.Ok(UserAnswer.Of(user))
            : TypedResults.Problem("There is no user with this id.", statusCode: StatusCodes.Status404NotFound);
}

/// <summary>Body of <c>POST /api/users</c>.</summary>
/// <param name="Name">1 to 200 characters.</param>
/// <param name="Email">At most 254 characters; unique, whatever its letter case.</param>
public sealed record CreateUser(
    [property: Required(ErrorMessage = "name is required and must not be empty."), StringLength(200, ErrorMessage = "name must be at most {1} characters long.")] string? Name,
    [property: Required(ErrorMessage = "email is required."), StringLength(254, ErrorMessage = "email must be at most {1} characters long."), EmailAddress(ErrorMessage = "email is not an e-mail address.")] string? Email);

/// <summary>A user as the API shows one.</summary>
/// <param name="Id">Begins with <c>usr_</c>.</param>
/// <param name="Name">As given, without spaces around it.</param>
/// <param name="Email">As given, without spaces around it.</param>
/// <param name="CreatedAt">UTC.</param>
internal sealed record UserAnswer(string Id, string Name, string Email, DateTimeOffset CreatedAt)
{
    public static UserAnswer Of(User user) => new(user.Id, user.Name, user.Email, user.CreatedAt);
}
