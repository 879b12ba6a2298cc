using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace MasterX.ServiceDefaults.Sharing;

/// <summary>
/// The connection to Redis, and whether it can be relied on. One answer that does not come in time, or an error, and it cannot: from then
/// on nobody waits for it, until its watch (<see cref="RedisWatch"/>) has heard from it twice in a row.
/// </summary>
internal sealed partial class RedisLink : IDisposable
{
    /// <summary>Good answers in a row after which Redis is relied on again. By the second, the others have told it of their calls too.</summary>
    private const int Enough = 2;

    private readonly ILogger<RedisLink> _logger;
    private readonly Meter _meter;
    private readonly Counter<long> _fallbacks;
    private readonly Lock _lock = new();
    private ConnectionMultiplexer? _connection;
    private volatile bool _isUp;
    private volatile string _reason = "is being connected to";
    private bool _isTold;
    private int _inARow;

    public RedisLink(SharedSettings settings, IMeterFactory meters, ILogger<RedisLink> logger)
    {
        (Settings, _logger) = (settings, logger);
        _meter = meters.Create("MasterX.Shared");
        _meter.CreateObservableGauge("masterx_shared_limits_up", () => _isUp ? 1 : 0, description: "1 while limits are shared with the other replicas through Redis, 0 while this one keeps to its share.");
        _fallbacks = _meter.CreateCounter<long>("masterx_shared_limits_fallbacks", description: "How often Redis was lost, so that this replica fell back to its share of the limits.");
    }

    public SharedSettings Settings { get; }

    /// <summary>Names this process among the replicas.</summary>
    public string Replica { get; } = Convert.ToHexStringLower(System.Security.Cryptography.RandomNumberGenerator.GetBytes(8));

    public bool IsUp => _isUp;

    /// <summary>Whether nothing is known yet.</summary>
    public bool IsUndecided => !Volatile.Read(ref _isTold);

    /// <summary><see langword="null"/> until there was a first attempt to connect.</summary>
    public IDatabase? Database { get; private set; }

    /// <summary>How things stand, for people.</summary>
    public string Description => _isUp
        ? $"Limits are shared through Redis at {Settings.Address}."
        : $"Redis at {Settings.Address} {_reason}. Until it is back, {Share}.";

    private string Share => Settings.Replicas == 1 ? "each replica counts for itself, and allows the whole of every limit (Redis__Replicas is 1)" : $"each replica allows 1/{Settings.Replicas} of every limit";

    /// <summary>Redis was lost. What waits for it is to be decided without it.</summary>
    public event Action? Lost;

    /// <summary>Redis can be relied on, for the first time or again.</summary>
    public event Action? Found;

    /// <summary>A connection was made, for the first time or again.</summary>
    public event Action? Connected;

    /// <summary>Connects. From then on the connection is made again by itself whenever it is lost.</summary>
    public async Task ConnectAsync()
    {
        var options = Settings.Connection.Clone();
        options.AbortOnConnectFail = false;
        options.BacklogPolicy = BacklogPolicy.FailFast;
        options.ConnectTimeout = 1000;
        options.ConnectRetry = 1;
        options.AsyncTimeout = 1000;
        options.SyncTimeout = 1000;
        options.HeartbeatInterval = TimeSpan.FromMilliseconds(250);
        options.ReconnectRetryPolicy = new LinearRetry(250);
        options.IncludeDetailInExceptions = false;
        options.ClientName ??= "masterx";
        var connection = await ConnectionMultiplexer.ConnectAsync(options);
        connection.ConnectionRestored += (_, _) => Connected?.Invoke();
        _connection = connection;
        Database = connection.GetDatabase();
        Connected?.Invoke();
    }

    public ISubscriber? Subscriber => _connection?.GetSubscriber();

    /// <summary>The watch has heard from Redis.</summary>
    public void Succeeded()
    {
        lock (_lock)
        {
            if (_isUp || ++_inARow < Enough)
            {
                return;
            }

            (_isUp, _isTold) = (true, true);
            LogUp(_logger, Settings.Address);
        }

        Found?.Invoke();
    }

    /// <summary>Redis did not do what it was asked, or not in time.</summary>
    public void Failed(Exception failure)
    {
        lock (_lock)
        {
            _inARow = 0;
            _reason = ReasonOf(failure);
            if (!_isUp && _isTold)
            {
                return;
            }

            (_isUp, _isTold) = (false, true);
            _fallbacks.Add(1);
            LogDown(_logger, Settings.Address, _reason, Share);
        }

        Lost?.Invoke();
    }

    public void Dispose()
    {
        _connection?.Dispose();
        _meter.Dispose();
    }

    /// <summary>In words of our own: what the library says tells much of the library, and may tell more of the connection string than is good.</summary>
    private string ReasonOf(Exception failure)
    {
        for (Exception? inner = failure; inner is not null; inner = inner.InnerException)
        {
            if (inner is RedisConnectionException { FailureType: ConnectionFailureType.AuthenticationFailure })
            {
                return "refuses the user or the password: put the right ones into ConnectionStrings__redis (host:port,user=…,password=…)";
            }
        }

        return failure switch
        {
            RedisServerException { Message: var message } => $"answers with an error: {Line(message)}",
            TimeoutException => $"does not answer within {Settings.Wait.TotalMilliseconds:0} ms",
            _ => "cannot be reached: see that it runs, and that ConnectionStrings__redis names its host and port",
        };
    }

    /// <summary>The server's own words, which never hold a password.</summary>
    private static string Line(string message)
    {
        var line = message.AsSpan(0, Math.Min(message.Length, 200));
        var end = line.IndexOfAny('\r', '\n');
        return line[..(end < 0 ? line.Length : end)].ToString();
    }

    [LoggerMessage(60, LogLevel.Information, "Limits are shared through Redis at {Address}")]
    private static partial void LogUp(ILogger logger, string address);

    [LoggerMessage(61, LogLevel.Warning, "Limits are not shared: Redis at {Address} {Reason}. Until it is back, {Share}")]
    private static partial void LogDown(ILogger logger, string address, string reason, string share);
}
