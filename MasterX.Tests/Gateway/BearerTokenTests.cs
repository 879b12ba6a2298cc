using MasterX.AiGateway.Providers.Credentials;
using Microsoft.Extensions.Time.Testing;

namespace MasterX.Tests.Gateway;

/// <summary>A token that is good for an hour, with time in the test's hands.</summary>
public sealed class BearerTokenTests : IDisposable
{
    private readonly FakeTimeProvider _time = new();
    private readonly BearerToken _token;
    private int _got;
    private bool _fails;

    public BearerTokenTests() => _token = new BearerToken(
        _ => _fails
            ? throw new CredentialException("none", new InvalidOperationException())
            : ValueTask.FromResult(new Token($"t{++_got}", _time.GetUtcNow() + TimeSpan.FromHours(1))),
        _time);

    public void Dispose() => _token.Dispose();

    [Fact]
    public async Task It_is_got_anew_before_it_expires_and_after_it_was_refused()
    {
        var written = new List<string> { await WriteAsync(), await WriteAsync() };
        _time.Advance(TimeSpan.FromMinutes(56));
        written.Add(await WriteAsync());
        _token.Forget();
        written.Add(await WriteAsync());

        Assert.Equal(["Bearer t1", "Bearer t1", "Bearer t2", "Bearer t3"], written);
    }

    [Fact]
    public async Task While_no_new_one_can_be_had_the_old_one_is_used_to_its_end()
    {
        await WriteAsync();
        _fails = true;
        _time.Advance(TimeSpan.FromMinutes(59));

        Assert.Equal("Bearer t1", await WriteAsync());
        _time.Advance(TimeSpan.FromMinutes(1));
        await Assert.ThrowsAsync<CredentialException>(WriteAsync);
    }

    private async Task<string> WriteAsync()
    {
        using var message = new HttpRequestMessage();
        await _token.WriteAsync(message, secret: null, TestContext.Current.CancellationToken);
        return message.Headers.Authorization!.ToString();
    }
}
