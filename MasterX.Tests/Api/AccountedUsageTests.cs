using MasterX.Api.Ai;

namespace MasterX.Tests.Api;

/// <summary>What a stream says of its own tokens and cost, whoever wrote it there.</summary>
public sealed class AccountedUsageTests
{
    [Theory]
    [InlineData(": x-masterx-tokens-in=12; x-masterx-tokens-out=3; x-masterx-cost-usd=0.5", 12, 3, "0.5")]
    [InlineData(": x-masterx-tokens-in=12; x-masterx-tokens-out=3", 12, 3, null)]
    [InlineData(": x-masterx-tokens-in=12; x-masterx-tokens-out=3; x-masterx-cost-usd=-5", 12, 3, null)]
    [InlineData(": x-masterx-tokens-in=12; x-masterx-tokens-out=3; x-masterx-cost-usd=1e20", 12, 3, null)]
    public void Tokens_and_cost_are_read_and_a_cost_is_never_negative(string comment, int input, int output, string? cost)
    {
        var usage = AccountedUsage.OfComment(comment);

        Assert.Equal(new AccountedUsage(input, output, cost is null ? null : decimal.Parse(cost, System.Globalization.CultureInfo.InvariantCulture)), usage);
    }

    [Theory]
    [InlineData(": x-masterx-tokens-in=1; x-masterx-tokens-in=2; x-masterx-tokens-out=3")]
    [InlineData(": x-masterx-tokens-in=-1; x-masterx-tokens-out=3")]
    [InlineData(": x-masterx-tokens-in=99999999999999; x-masterx-tokens-out=3")]
    [InlineData(": x-masterx-tokens-in=;;;=;= ; x-masterx-tokens-out")]
    public void What_is_no_account_is_none_and_no_exception(string comment) => Assert.Null(AccountedUsage.OfComment(comment));
}
