using System.Security.Claims;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.Tokens;
using OpenIddict.Abstractions;
using OpenIddict.Server;
using static OpenIddict.Server.OpenIddictServerEvents;

namespace MasterX.Tests.Hosts;

/// <summary>
/// An identity server in this process, on a loopback port: OpenIddict's, for services that have a client's name and secret. It keeps nothing, and knows its clients by what a test says
/// of them; metadata, keys, the token endpoint and the tokens are the library's own.
/// </summary>
internal sealed class IdentityServer : IAsyncDisposable
{
    public const string Audience = "masterx", Secret = "a secret of the client";

    private readonly WebApplication _app;
    private readonly HttpClient _http;
    private readonly Dictionary<string, Action<ClaimsIdentity>> _clients = [];

    private IdentityServer(int port, RsaSecurityKey key)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls($"http://127.0.0.1:{port}");
        builder.Services.AddAuthorization();
        builder.Services.AddOpenIddict().AddServer(server =>
        {
            server.EnableDegradedMode().DisableAccessTokenEncryption().DisableScopeValidation();
            server.AllowClientCredentialsFlow().SetTokenEndpointUris("/connect/token").SetAccessTokenLifetime(TimeSpan.FromHours(1));
            server.AddEphemeralEncryptionKey().AddSigningKey(key);
            server.UseAspNetCore().DisableTransportSecurityRequirement();
            server.AddEventHandler<ValidateTokenRequestContext>(handler => handler.UseInlineHandler(context =>
            {
                if (context.ClientId is null || !_clients.ContainsKey(context.ClientId) || context.ClientSecret != Secret)
                {
                    context.Reject(OpenIddictConstants.Errors.InvalidClient);
                }

                return default;
            }));
            server.AddEventHandler<HandleTokenRequestContext>(handler => handler.UseInlineHandler(context =>
            {
                context.SignIn(Describe(context.ClientId!));
                return default;
            }));
        });
        _app = builder.Build();
        _app.UseAuthentication();
        _http = new HttpClient();
    }

    /// <summary>The authority, as services are told of it.</summary>
    public Uri Address { get; private set; } = null!;

    /// <param name="port">A free one unless given.</param>
    /// <param name="key">What its tokens are signed with; a new one unless given.</param>
    public static async Task<IdentityServer> StartAsync(int port = 0, RsaSecurityKey? key = null)
    {
        var server = new IdentityServer(port, key ?? NewKey());
        await server._app.StartAsync(TestContext.Current.CancellationToken);
        server.Address = new Uri(server._app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());
        return server;
    }

    public static RsaSecurityKey NewKey() => new(RSA.Create(2048)) { KeyId = Guid.NewGuid().ToString("N") };

    /// <summary>A token for a service, by its name and secret; what is in it is set beforehand.</summary>
    /// <param name="client">The service's name, and subject.</param>
    /// <param name="scope">Asked for, and given.</param>
    /// <param name="project">Goes into the claim of projects.</param>
    /// <param name="audience">For whom it is.</param>
    public Task<string> TokenAsync(string client = "shop", string? scope = "masterx.generate", string? project = null, string audience = Audience) => TokenAsync(client, identity =>
    {
        identity.SetScopes(scope?.Split(' ') ?? []).SetAudiences(audience).SetClaim("masterx_project", project);
    });

    /// <inheritdoc cref="TokenAsync(string, string?, string?, string)"/>
    public async Task<string> TokenAsync(string client, Action<ClaimsIdentity> describe)
    {
        _clients[client] = describe;
        using var asked = new FormUrlEncodedContent(new Dictionary<string, string> { ["grant_type"] = "client_credentials", ["client_id"] = client, ["client_secret"] = Secret });
        using var answer = await _http.PostAsync(new Uri(Address, "/connect/token"), asked, TestContext.Current.CancellationToken);
        var token = await answer.JsonAsync();
        Assert.True(answer.IsSuccessStatusCode, token.ToString());
        return token.Text("access_token")!;
    }

    /// <summary>Signs with another key from now on, and publishes no other.</summary>
    public RsaSecurityKey Rotate()
    {
        var key = NewKey();
        var keys = _app.Services.GetRequiredService<IOptionsMonitor<OpenIddictServerOptions>>().CurrentValue.SigningCredentials;
        keys.Clear();
        keys.Add(new SigningCredentials(key, SecurityAlgorithms.RsaSha256));
        return key;
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _app.DisposeAsync();
    }

    private ClaimsPrincipal Describe(string client)
    {
        var identity = new ClaimsIdentity("client", OpenIddictConstants.Claims.Name, OpenIddictConstants.Claims.Role);
        identity.SetClaim(OpenIddictConstants.Claims.Subject, client);
        _clients[client](identity);
        identity.SetDestinations(_ => [OpenIddictConstants.Destinations.AccessToken]);
        return new ClaimsPrincipal(identity);
    }
}
