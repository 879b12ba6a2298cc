namespace MasterX.AiGateway.Providers.Credentials;

/// <summary>A token that is good for a while.</summary>
/// <param name="Text">As it stands in the header.</param>
/// <param name="ExpiresAt">When it is good no more.</param>
internal sealed record Token(string Text, DateTimeOffset ExpiresAt);

/// <summary>
/// A token in the header <c>Authorization</c>, got once for all calls and again before it expires. While a new one cannot be had, the old
/// one is used for as long as it is good.
/// </summary>
/// <param name="get">Gets a new one; throws a <see cref="CredentialException"/> when there is none.</param>
/// <param name="time">Clock.</param>
internal sealed class BearerToken(Func<CancellationToken, ValueTask<Token>> get, TimeProvider time) : ProviderCredential
{
    /// <summary>A call takes time, and clocks differ.</summary>
    private static readonly TimeSpan Ahead = TimeSpan.FromMinutes(5);

    private readonly SemaphoreSlim _getting = new(1, 1);
    private volatile Token? _token;

    public override async ValueTask WriteAsync(HttpRequestMessage message, string? secret, CancellationToken cancellationToken) =>
        message.Headers.TryAddWithoutValidation("Authorization", $"Bearer {(await GetAsync(cancellationToken)).Text}");

    public override void Forget() => _token = null;

    public override void Dispose()
    {
        _getting.Dispose();
        base.Dispose();
    }

    private async ValueTask<Token> GetAsync(CancellationToken cancellationToken)
    {
        if (IsGoodFor(Ahead, out var known))
        {
            return known!;
        }

        await _getting.WaitAsync(cancellationToken);
        try
        {
            if (!IsGoodFor(Ahead, out known))
            {
                _token = known = await get(cancellationToken);
            }

            return known!;
        }
        catch (CredentialException) when (IsGoodFor(TimeSpan.Zero, out known))
        {
            return known!;
        }
        finally
        {
            _getting.Release();
        }
    }

    private bool IsGoodFor(TimeSpan period, out Token? token)
    {
        token = _token;
        return token is not null && time.GetUtcNow() + period < token.ExpiresAt;
    }
}
