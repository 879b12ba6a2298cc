using MasterX.Api.Ai;
using MasterX.Api.Keys;
using MasterX.Api.Storage;

namespace MasterX.Api.Calls;

/// <content>How calls are opened, and what is held for them.</content>
internal sealed partial class CallBook
{
    /// <summary>How long a call that no budget bounds waits for its opening to be written; with the database away it goes on without.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    /// <summary>How long a call that its budget does not allow waits for those that are being booked: they may have held more than they have spent.</summary>
    private static readonly TimeSpan BookingPatience = TimeSpan.FromMilliseconds(100);

    /// <summary>Opens a call.</summary>
    /// <exception cref="CallRefusedException">A budget does not allow it.</exception>
    /// <exception cref="GatewayUnavailableException">What it may cost cannot be said, and a budget depends on it.</exception>
    /// <exception cref="StorageException">It cannot be written, and a budget depends on it.</exception>
    public async Task<OpenedCall> OpenAsync(Consumer consumer, CallFacts facts, CancellationToken cancellationToken)
    {
        var at = Identifier.Now(_time);
        BudgetLimit[] budgets = consumer.HasBudgets ? [.. BudgetPeriod.Of(consumer.Key, at), .. consumer.Project is { } project ? BudgetPeriod.Of(project, at) : []] : [];
        var isBounded = Array.Exists(budgets, budget => budget.LimitUsd is not null);
        var quote = !isBounded ? _expectations.Known(facts.Model) : await _expectations.QuoteAsync(facts.Model, cancellationToken);
        var expected = _expectations.Of(facts, quote);
        var call = new Call { Id = Identifier.New("call"), KeyId = consumer.Key.Id, ProjectId = consumer.Key.ProjectId, At = at, Instance = Instance, Model = facts.Model, Tags = facts.Tags, Expected = expected };
        if (!isBounded)
        {
            // What is only counted holds nothing.
            call = call with { Reserved = [.. budgets.Select(budget => budget.Hold(0, true))] };
            await OpenUnboundAsync(call);
            return new(call, null);
        }

        if (quote is { Unpriced: { Count: > 0 } unpriced })
        {
            throw CallRefusedException.Unpriced(unpriced);
        }

        (call, var opening) = await OpenBoundedAsync(call, budgets, isBound: facts.MostOutputTokens is not null);
        if (opening.IsAllowed && cancellationToken.IsCancellationRequested)
        {
            // Its caller has left before it was sent: what is held for it is free again.
            Settle(new Settlement(call, []));
            cancellationToken.ThrowIfCancellationRequested();
        }

        if (!opening.IsAllowed)
        {
            _budgets.Refused(call, opening);
            throw CallRefusedException.OverBudget(call, opening);
        }

        return new(call, opening.LeftUsd);
    }

    /// <summary>Frees what is held for calls that will not come any more.</summary>
    public void EndAllotments() => _allotments.Stop();

    /// <summary>Opens a call with what it may cost: drawn from what is held for several, or held for it alone.</summary>
    private async Task<(Call Call, Opening Opening)> OpenBoundedAsync(Call call, BudgetLimit[] budgets, bool isBound)
    {
        if (call.Expected.CostUsd is not { } cost)
        {
            // A model that does not exist costs nothing: the gateway refuses it.
            return (call, await WriteOpeningAsync(call));
        }

        if (await DrawAsync(call, budgets, cost) is { } left)
        {
            var drawn = call with { Reserved = [.. budgets.Select(budget => budget.Hold(0, true))], IsDrawn = true };
            var isOpen = false;
            try
            {
                isOpen = (await WriteOpeningAsync(drawn)).IsAllowed;
            }
            finally
            {
                if (!isOpen)
                {
                    _allotments.Return(call.Id, 0);
                }
            }

            if (isOpen)
            {
                return (drawn, new(true, left));
            }
        }

        call = call with { Reserved = [.. budgets.Select(budget => budget.Hold(cost, isBound))] };
        var opening = await WriteOpeningAsync(call);
        if (opening is { IsAllowed: false, RefusedBy: { } budgetId } && await IsAnotherBookedAsync(budgetId))
        {
            // What calls before it have held too much is free now.
            opening = await WriteOpeningAsync(call);
        }

        _allotments.Opened(call.KeyId, budgets, opening.IsAllowed ? opening.LeftUsd : 0);
        return (call, opening);
    }

    /// <summary>Draws from what is held for several calls, and has it held where that is worth it.</summary>
    /// <returns>What is left, in US dollars; <see langword="null"/> when the call is to be held by itself.</returns>
    private async ValueTask<decimal?> DrawAsync(Call call, BudgetLimit[] budgets, decimal costUsd)
    {
        if (_allotments.TryDraw(call, budgets, costUsd) is { } left)
        {
            return left;
        }

        if (_allotments.Propose(call.KeyId, budgets, costUsd) is not { } amount)
        {
            return null;
        }

        var holder = call with { Id = Identifier.New("call"), Tags = null, Expected = default, IsAllotment = true, Reserved = [.. budgets.Select(budget => budget.Hold(amount, true))] };
        Opening opening;
        try
        {
            opening = await WriteOpeningAsync(holder);
        }
        catch
        {
            _allotments.GiveUp(call.KeyId);
            throw;
        }

        if (!opening.IsAllowed)
        {
            _allotments.GiveUp(call.KeyId);
        }
        else if (!_allotments.Begin(holder, opening.LeftUsd ?? 0))
        {
            Settle(new(holder, []));
        }

        return _allotments.TryDraw(call, budgets, costUsd);
    }

    private async Task<Opening> WriteOpeningAsync(Call call) => (await _store.OpenAsync([call], CancellationToken.None))[0];

    /// <summary>Waits a moment for calls that have ended, and are being booked, of those that are paid from a budget.</summary>
    /// <returns>Whether there were any.</returns>
    private async Task<bool> IsAnotherBookedAsync(string budgetId)
    {
        _allotments.Stop(budgetId);
        BookTogether();
        Task[] booking =
        [
            .. _unbooked.Values
                .Where(call => call is { HasFailed: false, Settlement.Call.Reserved: var reserved } && reserved.Any(reservation => reservation.BudgetId == budgetId))
                .Select(call => call.Booked.Task),
        ];
        if (booking.Length == 0)
        {
            return false;
        }

        await Task.WhenAny(Task.WhenAll(booking), Task.Delay(BookingPatience, _time));
        return true;
    }

    private async Task OpenUnboundAsync(Call call)
    {
        var writing = WriteOpeningAsync(call);
        try
        {
            await (writing.IsCompleted ? writing : writing.WaitAsync(Patience, _time));
        }
        catch (Exception away) when (away is StorageException or TimeoutException)
        {
            // It is booked all the same when it has ended, with or without this.
            _ = writing.ContinueWith(static ended => ended.Exception, TaskScheduler.Default);
            LogNotOpened(_logger, call.Id, away.Message);
        }
    }

    [LoggerMessage(50, LogLevel.Warning, "The call {Id} begins without being written: {Problem} It is booked when it has ended")]
    private static partial void LogNotOpened(ILogger logger, string id, string problem);
}
