using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Text.Json;
using MasterX.Api.Keys;
using MasterX.Api.Projects;
using MasterX.Api.Storage;

namespace MasterX.Api.Calls;

/// <summary>
/// Looks at budgets behind callers' backs, when something was booked in them or they have refused a call, and tells once in each period of each part that is spent: in the log, in
/// <c>masterx_budget_warnings_total</c>, and by <see cref="BudgetWebhook"/>. That it was once, over all replicas, is the store's to say.
/// </summary>
internal sealed partial class BudgetWatch : BackgroundService
{
    private const int MostKnown = 100_000, Page = 100;

    /// <summary>The whole of a budget.</summary>
    private const decimal Whole = 1;

    /// <summary>Between two looks: a budget from which hundreds of calls a second are paid is read a few times in it.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    private static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    private readonly ICallStore _calls;
    private readonly IKeyStore _keys;
    private readonly IProjectStore _projects;
    private readonly IBudgetAlertStore _alerts;
    private readonly BudgetWebhook _webhook;
    private readonly StorageReady _ready;
    private readonly TimeProvider _time;
    private readonly ILogger<BudgetWatch> _logger;
    private readonly Counter<long> _warnings;
    private readonly SemaphoreSlim _news = new(0, 1);

    /// <summary>Budgets to be looked at, with what a call would have cost that they have refused; 0 for none.</summary>
    private readonly ConcurrentDictionary<string, decimal> _changed = new(StringComparer.Ordinal);

    /// <summary>What was told of, so that the store is not asked again and again.</summary>
    private readonly HashSet<string> _told = new(StringComparer.Ordinal);

    public BudgetWatch(
        ICallStore calls, IKeyStore keys, IProjectStore projects, IBudgetAlertStore alerts, BudgetWebhook webhook, StorageReady ready, TimeProvider time, IMeterFactory meters, ILogger<BudgetWatch> logger)
    {
        (_calls, _keys, _projects, _alerts, _webhook, _ready, _time, _logger) = (calls, keys, projects, alerts, webhook, ready, time, logger);
        _warnings = meters.Create("MasterX.Usage").CreateCounter<long>(
            "masterx_budget_warnings", description: "Parts of budgets that were spent, by whose (key, project), the period (day, month) and the level (warning, spent).");
    }

    /// <summary>Notes that a call was booked. Never waits, never fails.</summary>
    public void Booked(Call call)
    {
        foreach (var reservation in call.Reserved)
        {
            if (reservation.LimitUsd < BudgetPeriod.Unlimited)
            {
                Note(reservation.BudgetId, 0);
            }
        }
    }

    /// <summary>Notes that a budget has refused a call. Never waits, never fails.</summary>
    public void Refused(Call call, Opening opening)
    {
        if (opening.RefusedBy is { } budgetId && call.Reserved.FirstOrDefault(reservation => reservation.BudgetId == budgetId) is { } refused)
        {
            Note(budgetId, refused.CostUsd);
        }
    }

    public override void Dispose()
    {
        base.Dispose();
        _news.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await _ready.Task.WaitAsync(stoppingToken);
        await GuardedAsync(() => SweepAsync(stoppingToken), stoppingToken);
        while (!stoppingToken.IsCancellationRequested)
        {
            await _news.WaitAsync(stoppingToken);
            await GuardedAsync(() => LookAsync(stoppingToken), stoppingToken);
            await Task.Delay(Pause, _time, stoppingToken);
        }
    }

    private void Note(string budgetId, decimal refusedUsd)
    {
        _changed.AddOrUpdate(budgetId, static (_, refused) => refused, static (_, before, refused) => before == 0 ? refused : refused == 0 ? before : Math.Min(before, refused), refusedUsd);
        if (_news.CurrentCount == 0)
        {
            try
            {
                _news.Release();
            }
            catch (SemaphoreFullException)
            {
                // Another has just told.
            }
        }
    }

    /// <summary>Finds what a process that died has not told of.</summary>
    private async Task SweepAsync(CancellationToken cancellationToken)
    {
        await EachAsync(_projects.ListAsync, project => project);
        await EachAsync((before, limit, token) => _keys.ListAsync(null, before, limit, token), key => key.RevokedAt is null ? key : null);

        async Task EachAsync<T>(Func<string?, int, CancellationToken, Task<IReadOnlyList<T>>> list, Func<T, Allowance?> select)
            where T : Allowance
        {
            string? last = null;
            while (await list(last, Page, cancellationToken) is { Count: > 0 } some)
            {
                last = some[^1].Id;
                foreach (var (budgetId, limit) in some.Select(select).OfType<Allowance>().SelectMany(allowance => BudgetPeriod.Of(allowance, _time.GetUtcNow())))
                {
                    if (limit is not null)
                    {
                        Note(budgetId, 0);
                    }
                }
            }
        }
    }

    private async Task LookAsync(CancellationToken cancellationToken)
    {
        foreach (var budgetId in _changed.Keys)
        {
            if (_changed.TryRemove(budgetId, out var refusedUsd))
            {
                await LookAtAsync(budgetId, refusedUsd, cancellationToken);
            }
        }
    }

    private async Task LookAtAsync(string budgetId, decimal refusedUsd, CancellationToken cancellationToken)
    {
        var period = BudgetPeriod.Parse(budgetId);
        var isProject = Project.Owns(period.OwnerId);
        Allowance? allowance = isProject ? await _projects.FindAsync(period.OwnerId, cancellationToken) : await _keys.FindAsync(period.OwnerId, cancellationToken);
        if ((period.Kind == BudgetKinds.Day ? allowance?.DailyBudgetUsd : allowance?.MonthlyBudgetUsd) is not { } limit)
        {
            return;
        }

        var (spent, held) = await _calls.ReadBudgetAsync(budgetId, cancellationToken);

        // Whether a call was refused that the whole budget had room for, and not for those under way alone.
        var hasRefused = refusedUsd > 0 && refusedUsd <= limit && spent + refusedUsd > limit;
        foreach (var part in allowance!.BudgetWarnAt.Append(Whole).Where(part => spent >= part * limit || (part == Whole && hasRefused)))
        {
            var id = string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{budgetId}@{part:0.############################}");
            if (!_told.Contains(id))
            {
                await TellAsync(id, period, allowance, part, limit, spent, held, cancellationToken);
            }
        }
    }

    private async Task TellAsync(string id, BudgetPeriod period, Allowance allowance, decimal part, decimal limit, decimal spent, decimal held, CancellationToken cancellationToken)
    {
        var now = Identifier.Now(_time);
        var (of, name, level) = (allowance is Project ? "project" : "key", period.Kind == BudgetKinds.Day ? "day" : "month", part == Whole ? "spent" : "warning");
        var data = new { of, allowance.Id, allowance.Name, period = name, period.From, period.Until, part, limit_usd = limit, spent_usd = spent, held_usd = held };
        var body = JsonSerializer.Serialize(new { type = $"budget.{level}", timestamp = now, data }, Json);
        if (await _alerts.TryAddAsync(new(id, Identifier.New("msg"), now, body, 0, _webhook.IsSet ? now : null, null, null), cancellationToken))
        {
            _warnings.Add(1, new("of", of), new("period", name), new("level", level));
            LogCrossed(_logger, part, of, allowance.Id, name, limit, spent);
            _webhook.Wake();
        }

        if (_told.Count >= MostKnown)
        {
            _told.Clear();
        }

        _told.Add(id);
    }

    private async Task GuardedAsync(Func<Task> work, CancellationToken cancellationToken)
    {
        try
        {
            await work();
        }
        catch (Exception failed) when (!cancellationToken.IsCancellationRequested)
        {
            // The boundary of the work behind everybody's back: the next booking has it looked at again.
            LogFailed(_logger, failed.Message);
        }
    }

    [LoggerMessage(57, LogLevel.Warning, "{Part} of the budget of the {Of} {Id} for the {Period} is spent: {Spent} of {Limit} US dollars")]
    private static partial void LogCrossed(ILogger logger, decimal part, string of, string id, string period, decimal limit, decimal spent);

    [LoggerMessage(58, LogLevel.Error, "Budgets could not be looked at: {Problem}")]
    private static partial void LogFailed(ILogger logger, string problem);
}
