using System.Net;
using System.Net.Http.Json;
using MasterX.Tests.Hosts;

namespace MasterX.Tests.Api;

/// <summary><c>/api/users</c>.</summary>
public sealed class UserTests
{
    private static readonly Uri Users = new("/api/users", UriKind.Relative);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_user_is_created_and_read_back()
    {
        await using var api = new ApiHost();
        await api.WaitReadyAsync();

        using var created = await api.Http.PostAsJsonAsync(Users, new { name = "test", email = "test@test.com" }, Token);

        Assert.Equal(HttpStatusCode.Created, created.StatusCode);
        var user = await created.JsonAsync();
        Assert.StartsWith("usr_", user.Text("id"), StringComparison.Ordinal);
        using var read = await api.Http.GetAsync(created.Headers.Location, Token);
        Assert.Equal(user.ToString(), (await read.JsonAsync()).ToString());
    }

    [Fact]
    public async Task An_address_that_is_taken_is_a_409()
    {
        await using var api = new ApiHost();
        await api.WaitReadyAsync();
        using var first = await api.Http.PostAsJsonAsync(Users, new { name = "one", email = "one@example.com" }, Token);

        using var second = await api.Http.PostAsJsonAsync(Users, new { name = "two", email = "ONE@example.com" }, Token);

        Assert.Equal(HttpStatusCode.Conflict, second.StatusCode);
    }

    [Theory]
    [InlineData("""{"email":"a@example.com"}""", "name is required")]
    [InlineData("""{"name":"a"}""", "email is required")]
    [InlineData("""{"name":"a","email":"nobody"}""", "not an e-mail address")]
    [InlineData("""{"name":"a","email":"a@example.com","id":"usr_mine"}""", "'id'")]
    public async Task A_bad_user_is_a_400_that_says_what_is_wrong(string body, string said)
    {
        await using var api = new ApiHost();

        using var answer = await api.PostRawAsync("/api/users", body);

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Contains(said, (await answer.JsonAsync()).ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nobody_is_a_404()
    {
        await using var api = new ApiHost();
        await api.WaitReadyAsync();

        using var answer = await api.Http.GetAsync(new Uri("/api/users/usr_nobody", UriKind.Relative), Token);

        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
        Assert.Contains("no user", (await answer.JsonAsync()).Text("detail"), StringComparison.Ordinal);
    }
}
