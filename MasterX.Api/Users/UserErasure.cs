using MasterX.Api.Storage;
using MasterX.ServiceDefaults.Configuration;

namespace MasterX.Api.Users;

/// <summary>
/// Deletes a user, and with the user what was generated on the user's behalf, as privacy law asks: by <c>Users:OnDelete</c> it is deleted (<c>delete</c>, unless set) or kept without
/// the user and without what was said (<c>anonymize</c>).
/// </summary>
internal sealed class UserErasure(IUserStore users, IGenerationStore generations, IConfiguration configuration)
{
    private const string Setting = "Users:OnDelete", Delete = "delete", Anonymize = "anonymize";

    /// <summary>Erases a user that is still the version given.</summary>
    public async Task<ChangeResult> EraseAsync(User user, CancellationToken cancellationToken)
    {
        // First what hangs on the user: should this be cut short, the user is still there to be deleted again. And once more at the end, for what came in between.
        await EraseGenerationsAsync(user.Id, cancellationToken);
        var result = await users.DeleteAsync(user.Id, user.Version, cancellationToken);
        if (result != ChangeResult.Conflict)
        {
            await EraseGenerationsAsync(user.Id, CancellationToken.None);
        }

        return result;
    }

    private Task<int> EraseGenerationsAsync(string userId, CancellationToken cancellationToken) => configuration[Setting] == Anonymize
        ? generations.AnonymizeOfUserAsync(userId, cancellationToken)
        : generations.DeleteOfUserAsync(userId, cancellationToken);

    /// <summary>Checks the setting at start.</summary>
    internal sealed class Rule(IConfiguration configuration) : IConfigurationRule
    {
        public IEnumerable<string> FindProblems() => configuration[Setting] is null or Delete or Anonymize ? [] : [$"Users__OnDelete is '{configuration[Setting]}'; it must be {Delete} or {Anonymize}."];
    }
}

/// <summary>Sets up <c>/api/users</c>.</summary>
internal static class UserServices
{
    public static void AddUsers(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton<UserErasure>();
        builder.Services.AddSingleton<IConfigurationRule, UserErasure.Rule>();
    }
}
