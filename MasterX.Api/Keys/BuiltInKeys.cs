namespace MasterX.Api.Keys;

/// <summary>The two keys that are not stored: the first admin key, and the one for developers.</summary>
internal sealed class BuiltInKeys
{
    public const string DevelopmentKey = "mx-dev";

    private readonly ConsumerKeyHash? _adminHash;

    public BuiltInKeys(IConfiguration configuration)
    {
        _adminHash = configuration["MASTERX_ADMIN_KEY"] is { Length: > 0 } key ? ConsumerKeyHash.Of(key) : null;
    }

    public Consumer Admin { get; } = Make("admin");

    public Consumer Development { get; } = Make("dev");

    public bool IsAdmin(ConsumerKeyHash hash) => _adminHash is { } admin && admin.IsSameAs(hash);

    private static Consumer Make(string id) => ConsumerKeyCache.Of(new ConsumerKey
    {
        Id = id,
        Hash = "",
        Preview = "",
        Name = id,
        Scopes = [ConsumerScopes.Generate, ConsumerScopes.Admin],
        CreatedAt = DateTimeOffset.UnixEpoch,
    });
}
