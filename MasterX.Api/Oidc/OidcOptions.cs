using System.Globalization;
using MasterX.Api.Keys;
using MasterX.ServiceDefaults.Configuration;

namespace MasterX.Api.Oidc;

/// <summary>Whose tokens are taken beside keys, and what their claims mean here: the settings under <c>Oidc</c>.</summary>
internal sealed class OidcOptions
{
    public const string Section = "Oidc";

    private const string DefaultProjectClaim = "masterx_project", DefaultScopeClaim = "scope scp";

    /// <summary>Unless <c>Oidc:Scopes</c> says otherwise: names that nobody has by chance.</summary>
    private static readonly Dictionary<string, string> DefaultScopes = new(StringComparer.Ordinal) { ["masterx.generate"] = ConsumerScopes.Generate, ["masterx.admin"] = ConsumerScopes.Admin };

    private OidcOptions(IConfigurationSection section, Uri authority)
    {
        Authority = authority;
        Audiences = Words(section["Audience"]);
        ProjectClaim = section["ProjectClaim"] ?? DefaultProjectClaim;
        ScopeClaims = Words(section["ScopeClaim"] ?? DefaultScopeClaim);
        Projects = Table(section.GetSection("Projects"));
        Scopes = Table(section.GetSection("Scopes")) is { Count: > 0 } scopes ? scopes : DefaultScopes;
        RequestsPerMinute = section.GetValue<int?>("RequestsPerMinute");
        MaxConcurrency = section.GetValue<int?>("MaxConcurrency");
        DailyBudgetUsd = section.GetValue<decimal?>("DailyBudgetUsd");
        MonthlyBudgetUsd = section.GetValue<decimal?>("MonthlyBudgetUsd");
    }

    /// <summary>Who issues the tokens.</summary>
    public Uri Authority { get; }

    /// <summary>Whom tokens have to be for: one of them.</summary>
    public IReadOnlyList<string> Audiences { get; }

    /// <summary>The claim that names the caller's project.</summary>
    public string ProjectClaim { get; }

    /// <summary>The claims that say what the caller may do.</summary>
    public IReadOnlyList<string> ScopeClaims { get; }

    /// <summary>Projects by what their claim says, where that is not the project's id.</summary>
    public IReadOnlyDictionary<string, string> Projects { get; }

    /// <summary>Of <see cref="ConsumerScopes"/>, by what the claims say.</summary>
    public IReadOnlyDictionary<string, string> Scopes { get; }

    /// <summary>Of each caller, beside its project's limit.</summary>
    public int? RequestsPerMinute { get; }

    /// <inheritdoc cref="RequestsPerMinute"/>
    public int? MaxConcurrency { get; }

    /// <summary>Of each caller, beside its project's budget.</summary>
    public decimal? DailyBudgetUsd { get; }

    /// <inheritdoc cref="DailyBudgetUsd"/>
    public decimal? MonthlyBudgetUsd { get; }

    /// <summary>Whether anything is said of it.</summary>
    public static bool IsConfigured(IConfiguration configuration) => configuration.GetSection(Section).AsEnumerable().Any(setting => !string.IsNullOrEmpty(setting.Value));

    /// <returns><see langword="null"/> where the settings are not right, of which <see cref="Rule"/> tells.</returns>
    public static OidcOptions? Of(IConfiguration configuration, IHostEnvironment environment) =>
        new Rule(configuration, environment).FindProblems().Any() ? null : new(configuration.GetSection(Section), new Uri(configuration[$"{Section}:Authority"]!));

    private static string[] Words(string? text) => text?.Split([' ', ','], StringSplitOptions.RemoveEmptyEntries) ?? [];

    /// <summary>With what is in the names of the settings as it is written: a colon in a claim's value makes a level, and is one again here.</summary>
    private static Dictionary<string, string> Table(IConfigurationSection section) => section.AsEnumerable(makePathsRelative: true)
        .Where(setting => setting is { Key.Length: > 0, Value.Length: > 0 }).ToDictionary(setting => setting.Key, setting => setting.Value!, StringComparer.Ordinal);

    /// <summary>Checks the settings at start.</summary>
    internal sealed class Rule(IConfiguration configuration, IHostEnvironment environment) : IConfigurationRule
    {
        public IEnumerable<string> FindProblems()
        {
            var section = configuration.GetSection(Section);
            if (!IsConfigured(configuration))
            {
                yield break;
            }

            if (!Uri.TryCreate(section["Authority"], UriKind.Absolute, out var authority) || authority.Query.Length > 0 || authority.Fragment.Length > 0)
            {
                yield return $"Oidc__Authority is '{section["Authority"]}'; it must be the address of who issues the tokens, below which /.well-known/openid-configuration is. Example: Oidc__Authority=https://login.example.com/";
            }
            else if (authority.Scheme != Uri.UriSchemeHttps && !(authority.Scheme == Uri.UriSchemeHttp && (authority.IsLoopback || environment.IsDevelopment())))
            {
                yield return $"Oidc__Authority is '{authority}'; it must begin with https://, as whoever changes what it answers can make tokens. http:// is for this machine, and for Development.";
            }

            if (Words(section["Audience"]).Length == 0)
            {
                yield return "Oidc__Audience is missing: what tokens for this service have in aud, so that those for others do not open it. Example: Oidc__Audience=masterx";
            }

            foreach (var (value, scope) in Table(section.GetSection("Scopes")))
            {
                if (scope is not (ConsumerScopes.Generate or ConsumerScopes.Admin))
                {
                    yield return $"Oidc__Scopes__{value} is '{scope}'; it must be {ConsumerScopes.Generate} or {ConsumerScopes.Admin}.";
                }
            }

            foreach (var (value, project) in Table(section.GetSection("Projects")))
            {
                if (!MasterX.Api.Projects.Project.Owns(project))
                {
                    yield return $"Oidc__Projects__{value} is '{project}'; it must be a project's id, which begins with {MasterX.Api.Projects.Project.Prefix}.";
                }
            }

            foreach (var name in (string[])["RequestsPerMinute", "MaxConcurrency"])
            {
                if (section[name] is { } value && !(int.TryParse(value, CultureInfo.InvariantCulture, out var number) && number is >= 1 and <= 1_000_000))
                {
                    yield return $"Oidc__{name} is '{value}'; it must be 1 to 1000000.";
                }
            }

            foreach (var name in (string[])["DailyBudgetUsd", "MonthlyBudgetUsd"])
            {
                if (section[name] is { } value && !(decimal.TryParse(value, CultureInfo.InvariantCulture, out var dollars) && dollars is >= 0 and <= 1_000_000))
                {
                    yield return $"Oidc__{name} is '{value}'; it must be 0 to 1000000 US dollars.";
                }
            }
        }
    }
}
