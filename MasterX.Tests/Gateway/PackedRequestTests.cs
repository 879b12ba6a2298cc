using System.Net;
using MasterX.Tests.Hosts;

namespace MasterX.Tests.Gateway;

/// <summary>Packed request bodies are unpacked, as far as a body may go and no further.</summary>
public sealed class PackedRequestTests
{
    private const string Question = """{"model":"openai/m","messages":[{"role":"user","content":"hello"}]}""";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static TheoryData<string> Codings => ["gzip", "br", "deflate", "zstd"];

    [Theory]
    [MemberData(nameof(Codings))]
    public async Task A_packed_request_is_answered_through_API_and_gateway(string coding)
    {
        await using var api = new ApiHost();
        await api.WaitReadyAsync();
        foreach (var client in new[] { api.Gateway.Http, api.Http })
        {
            using var answer = await PostAsync(client, Packed.Bytes(Question, coding), coding);

            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            Assert.Contains("hello", (await answer.JsonAsync()).ToString(), StringComparison.Ordinal);
        }
    }

    [Theory]
    [MemberData(nameof(Codings))]
    public async Task What_unpacks_to_more_than_the_limit_is_a_413(string coding)
    {
        await using var gateway = new GatewayHost();

        using var answer = await PostAsync(gateway.Http, Packed.Bytes(new byte[64 * 1024 * 1024], coding), coding);

        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, answer.StatusCode);
        Assert.Equal("request_too_large", (await answer.JsonAsync()).Text("error", "code"));
    }

    [Theory]
    [MemberData(nameof(Codings))]
    public async Task What_is_not_packed_as_it_says_is_a_400(string coding)
    {
        await using var gateway = new GatewayHost();
        var whole = Packed.Bytes(Question, coding);
        foreach (var body in (byte[][])["{\"model\":\"openai/m\"}"u8.ToArray(), whole[..(whole.Length / 2)], []])
        {
            using var answer = await PostAsync(gateway.Http, body, coding);

            Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
            Assert.Equal("invalid_request_error", (await answer.JsonAsync()).Text("error", "type"));
        }

        Assert.Equal(0, await gateway.Emulator.CallsAsync("openai"));
    }

    [Fact]
    public async Task A_window_of_more_than_8_MiB_is_a_400()
    {
        await using var gateway = new GatewayHost();

        using var answer = await PostAsync(gateway.Http, Packed.WideZstd(windowLog: 24), "zstd");

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
    }

    [Theory]
    [InlineData("/v1/chat/completions", "gzip, br, deflate, zstd")]
    [InlineData("/api/ai/generate", "identity")]
    public async Task A_coding_that_is_not_known_is_a_415_that_says_which_are(string path, string known)
    {
        await using var api = new ApiHost();
        await api.WaitReadyAsync();

        using var answer = await PostAsync(api.Http, [1, 2, 3], "compress", path);

        Assert.Equal(HttpStatusCode.UnsupportedMediaType, answer.StatusCode);
        Assert.Equal(known, answer.Header("Accept-Encoding"));
        Assert.Contains("ncoding", (await answer.JsonAsync()).ToString(), StringComparison.Ordinal);
    }

    private static Task<HttpResponseMessage> PostAsync(HttpClient client, byte[] body, string coding, string path = "/v1/chat/completions") =>
        client.PostAsync(new Uri(path, UriKind.Relative), Packed.Content(body, coding), Token);
}
