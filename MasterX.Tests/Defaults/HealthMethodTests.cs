using System.Net;
using MasterX.Tests.Api;
using MasterX.Tests.Hosts;

namespace MasterX.Tests.Defaults;

/// <summary>Monitors ask for health with HEAD as well as GET.</summary>
public sealed class HealthMethodTests
{
    [Theory]
    [InlineData("/health")]
    [InlineData("/health/live")]
    [InlineData("/health/ready")]
    [InlineData("/alive")]
    public async Task HEAD_is_answered_as_GET_is_without_a_body(string path)
    {
        await using var api = new ApiHost();
        await api.WaitReadyAsync();
        foreach (var client in new[] { api.Anonymous, api.Gateway.Anonymous })
        {
            using var answer = await client.SendAsync("HEAD", path);

            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            Assert.Equal("application/json", answer.Content.Headers.ContentType!.MediaType);
            Assert.Empty(await answer.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken));
        }
    }
}
