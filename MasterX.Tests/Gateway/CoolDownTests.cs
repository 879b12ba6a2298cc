using MasterX.AiGateway.Limits;
using MasterX.AiGateway.Providers.Classification;
using MasterX.AiGateway.Requests;
using Microsoft.Extensions.Time.Testing;

namespace MasterX.Tests.Gateway;

/// <summary>How long somebody is left alone, with time in the test's hands.</summary>
public sealed class CoolDownTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly CoolDown _coolDown;

    public CoolDownTests() => _coolDown = new CoolDown(_time);

    [Fact]
    public void It_never_gets_shorter()
    {
        _coolDown.Begin(Judgement.Of(Verdicts.Limited), TimeSpan.FromSeconds(60));
        _coolDown.Begin(Judgement.Of(Verdicts.Limited), TimeSpan.FromSeconds(2));
        _coolDown.Begin(Judgement.Of(Verdicts.Limited), null);
        _coolDown.Succeeded();

        Assert.Equal(TimeSpan.FromSeconds(60), _coolDown.Left);
    }

    [Fact]
    public void Nobody_is_left_alone_for_longer_than_ten_minutes()
    {
        _coolDown.Begin(Judgement.Of(Verdicts.Limited), TimeSpan.FromDays(1));

        Assert.Equal(TimeSpan.FromMinutes(10), _coolDown.Left);
    }

    [Fact]
    public void Each_in_a_row_is_twice_as_long_up_to_a_limit_until_a_call_succeeds()
    {
        Assert.Equal([30, 60, 120, 240, 480, 600, 600], Enumerable.Range(0, 7).Select(_ => Next(Verdicts.KeyRefused)));

        _coolDown.Succeeded();

        Assert.Equal([30, 60], Enumerable.Range(0, 2).Select(_ => Next(Verdicts.KeyRefused)));
    }

    [Fact]
    public void Calls_that_were_under_way_together_count_as_one()
    {
        for (var i = 0; i < 10; i++)
        {
            _coolDown.Begin(Judgement.Of(Verdicts.OutOfCredit), null);
        }

        Assert.Equal(TimeSpan.FromMinutes(2), _coolDown.Left);
    }

    [Fact]
    public void Who_is_left_alone_is_told_why_and_for_how_long()
    {
        _coolDown.Begin(new ProviderAnswer { Verdict = Verdicts.ModelNotOffered, Error = new("no such model", "model_not_found", null) }, null);
        _time.Advance(TimeSpan.FromSeconds(10));

        var skip = _coolDown.Skip()!;

        Assert.Equal((AttemptOutcome.CoolingDown, Fault.Model, TimeSpan.FromSeconds(20)), (skip.Outcome, skip.Verdict.Fault, skip.Wait));
        Assert.Equal("no such model", skip.Error!.Message);
        _time.Advance(TimeSpan.FromSeconds(20));
        Assert.Null(_coolDown.Skip());
    }

    private int Next(Verdict verdict)
    {
        _coolDown.Begin(Judgement.Of(verdict), null);
        var left = _coolDown.Left;
        _time.Advance(left);
        return (int)left.TotalSeconds;
    }
}
