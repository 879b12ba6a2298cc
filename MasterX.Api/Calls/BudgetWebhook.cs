using System.Globalization;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using MasterX.Api.Storage;
using MasterX.ServiceDefaults.Configuration;

namespace MasterX.Api.Calls;

/// <summary>
/// Sends what <see cref="BudgetWatch"/> has found to <c>Budgets:Webhook</c>, signed as Standard Webhooks asks (<see href="https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md"/>),
/// until it is taken (2xx): at least once, by one replica at a time, with the same <c>webhook-id</c>. Who has sent it stands in the store.
/// </summary>
internal sealed partial class BudgetWebhook(IBudgetAlertStore alerts, IHttpClientFactory clients, IConfiguration configuration, StorageReady ready, TimeProvider time, ILogger<BudgetWebhook> logger) : BackgroundService
{
    public const string ClientName = "budget-webhook";

    private const string Setting = "Budgets:Webhook", SecretSetting = "Budgets:WebhookSecret", SecretPrefix = "whsec_";
    private const int MostAtOnce = 20;

    /// <summary>For how long nobody else sends what one replica is sending: longer than <see cref="Patience"/>.</summary>
    private static readonly TimeSpan Hold = TimeSpan.FromSeconds(30);

    /// <summary>How often those are looked for whose sender has died, and those whose time has come.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    /// <summary>After each attempt that failed; after the last it is given up.</summary>
    private static readonly TimeSpan[] Delays =
    [
        TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(30), TimeSpan.FromMinutes(5), TimeSpan.FromMinutes(30),
        TimeSpan.FromHours(2), TimeSpan.FromHours(5), TimeSpan.FromHours(10), TimeSpan.FromHours(24),
    ];

    private readonly string _sender = Identifier.New("api");
    private readonly SemaphoreSlim _news = new(0, 1);

    /// <summary>How long the receiver has for its answer.</summary>
    public static TimeSpan Patience { get; } = TimeSpan.FromSeconds(10);

    /// <summary>Whether there is anybody to send to.</summary>
    public bool IsSet { get; } = !string.IsNullOrEmpty(configuration[Setting]);

    /// <summary>Says that there is something to be sent.</summary>
    public void Wake()
    {
        try
        {
            _news.Release();
        }
        catch (SemaphoreFullException)
        {
            // It was said before.
        }
    }

    /// <summary>The signature of a message, as <c>webhook-signature</c> carries it.</summary>
    /// <param name="secret">As it is configured: <c>whsec_</c> and base64, or any text.</param>
    /// <param name="id">The message's.</param>
    /// <param name="timestamp">Seconds since 1970, UTC.</param>
    /// <param name="body">As it is sent.</param>
    public static string Sign(string secret, string id, string timestamp, string body)
    {
        var key = secret.StartsWith(SecretPrefix, StringComparison.Ordinal) ? Convert.FromBase64String(secret[SecretPrefix.Length..]) : Encoding.UTF8.GetBytes(secret);
        return $"v1,{Convert.ToBase64String(HMACSHA256.HashData(key, Encoding.UTF8.GetBytes($"{id}.{timestamp}.{body}")))}";
    }

    public override void Dispose()
    {
        base.Dispose();
        _news.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (!IsSet)
        {
            return;
        }

        await ready.Task.WaitAsync(stoppingToken);
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                foreach (var due in await alerts.ListDueAsync(Identifier.Now(time), MostAtOnce, stoppingToken))
                {
                    await SendAsync(due, stoppingToken);
                }
            }
            catch (Exception failed) when (!stoppingToken.IsCancellationRequested)
            {
                // The boundary of the work behind everybody's back: what was not sent is due still.
                LogFailed(logger, failed.Message);
            }

            await _news.WaitAsync(Pause, stoppingToken);
        }
    }

    private async Task SendAsync(BudgetAlert due, CancellationToken cancellationToken)
    {
        var held = due with { Attempts = due.Attempts + 1, NextAt = Identifier.Now(time) + Hold };
        if (!await alerts.TryChangeAsync(due, held, cancellationToken))
        {
            // Another replica sends it.
            return;
        }

        var problem = await PostAsync(held, cancellationToken);
        if (problem is null)
        {
            await alerts.TryChangeAsync(held, held with { NextAt = null, SentBy = _sender, SentAt = Identifier.Now(time) }, CancellationToken.None);
            return;
        }

        var isLast = held.Attempts > Delays.Length;
        if (isLast)
        {
            LogGivenUp(logger, held.Id, held.Attempts, problem);
        }
        else
        {
            LogNotSent(logger, held.Id, held.Attempts, problem);
        }

        await alerts.TryChangeAsync(held, held with { NextAt = isLast ? null : Identifier.Now(time) + Delays[held.Attempts - 1] }, CancellationToken.None);
    }

    /// <returns>Why it was not taken; <see langword="null"/> when it was.</returns>
    private async Task<string?> PostAsync(BudgetAlert alert, CancellationToken cancellationToken)
    {
        var timestamp = time.GetUtcNow().ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        using var content = new ByteArrayContent(Encoding.UTF8.GetBytes(alert.Body)) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } };
        using var request = new HttpRequestMessage(HttpMethod.Post, configuration[Setting]) { Content = content };
        request.Headers.Add("webhook-id", alert.MessageId);
        request.Headers.Add("webhook-timestamp", timestamp);
        request.Headers.Add("webhook-signature", Sign(configuration[SecretSetting]!, alert.MessageId, timestamp, alert.Body));
        try
        {
            using var answer = await clients.CreateClient(ClientName).SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            return answer.IsSuccessStatusCode ? null : $"it was answered with status {(int)answer.StatusCode}.";
        }
        catch (Exception error) when (error is HttpRequestException or IOException || (error is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return error is OperationCanceledException ? "it was not answered in time." : error.Message;
        }
    }

    [LoggerMessage(59, LogLevel.Warning, "The message about {Alert} was not taken by Budgets__Webhook (attempt {Attempt}), and is sent again: {Problem}")]
    private static partial void LogNotSent(ILogger logger, string alert, int attempt, string problem);

    [LoggerMessage(60, LogLevel.Error, "The message about {Alert} was not taken by Budgets__Webhook in {Attempts} attempts, and is given up: {Problem}")]
    private static partial void LogGivenUp(ILogger logger, string alert, int attempts, string problem);

    [LoggerMessage(61, LogLevel.Error, "Messages about budgets could not be sent, and are tried again: {Problem}")]
    private static partial void LogFailed(ILogger logger, string problem);

    /// <summary>Checks the settings at start.</summary>
    internal sealed class Rule(IConfiguration configuration) : IConfigurationRule
    {
        private const int Shortest = 16;

        public IEnumerable<string> FindProblems()
        {
            if (configuration[Setting] is not { Length: > 0 } url)
            {
                yield break;
            }

            if (!Uri.TryCreate(url, UriKind.Absolute, out var address) || address.Scheme is not ("http" or "https"))
            {
                yield return "Budgets__Webhook is no address that begins with https:// or http://.";
            }

            if (configuration[SecretSetting] is not { Length: >= Shortest } secret)
            {
                yield return $"Budgets__WebhookSecret is missing, or shorter than {Shortest} characters: what the receiver of Budgets__Webhook knows its messages by. Example: whsec_ and 32 random bytes in base64.";
            }
            else if (secret.StartsWith(SecretPrefix, StringComparison.Ordinal) && !Convert.TryFromBase64String(secret[SecretPrefix.Length..], new byte[secret.Length], out _))
            {
                yield return "Budgets__WebhookSecret begins with whsec_, and what follows is no base64.";
            }
        }
    }
}
