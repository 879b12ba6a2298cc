using MasterX.Api.Audit;
using MasterX.Api.Storage;
using MasterX.ServiceDefaults.Configuration;

namespace MasterX.Api.Users;

/// <summary>
/// Deletes a user, and with the user what was generated on the user's behalf, as privacy law asks: by <c>Users:OnDelete</c> it is deleted (<c>delete</c>, unless set) or kept without
/// the user and without what was said (<c>anonymize</c>). Answers that are kept to be given again, and tell of the user, are deleted in either case. What is under way
/// is looked at when it is written: a user who is not there any more is not written down again. Usage has no user in it.
/// </summary>
internal sealed class UserErasure(IUserStore users, IGenerationStore generations, IIdempotencyStore records, IConfiguration configuration)
{
    private const string Setting = "Users:OnDelete", Delete = "delete", Anonymize = "anonymize";

    /// <summary>Whether of what was generated for an erased user the numbers are kept.</summary>
    public bool KeepsNumbers { get; } = configuration[Setting] == Anonymize;

    /// <summary>Erases a user that is still the version given.</summary>
    /// <param name="user">As it was read.</param>
    /// <param name="act">Whose entry is made when the user is gone; <see langword="null"/> for none.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task<ChangeResult> EraseAsync(User user, AuditAct? act, CancellationToken cancellationToken)
    {
        // First what hangs on the user: should this be cut short, the user is still there to be deleted again. And once more at the end, for what came in between.
        await EraseTracesAsync(user.Id, cancellationToken);
        var result = await users.DeleteAsync(user.Id, user.Version, act, cancellationToken);
        if (result != ChangeResult.Conflict)
        {
            await EraseTracesAsync(user.Id, CancellationToken.None);
        }

        return result;
    }

    private async Task EraseTracesAsync(string userId, CancellationToken cancellationToken)
    {
        await records.DeleteOfUserAsync(userId, cancellationToken);
        await (KeepsNumbers ? generations.AnonymizeOfUserAsync(userId, cancellationToken) : generations.DeleteOfUserAsync(userId, cancellationToken));
    }

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
