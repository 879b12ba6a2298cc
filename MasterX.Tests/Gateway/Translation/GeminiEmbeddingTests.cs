using System.Net.Http.Json;
using System.Text.Json;
using MasterX.AiGateway.Providers;
using MasterX.Tests.Hosts;

namespace MasterX.Tests.Gateway.Translation;

/// <summary>OpenAI's embeddings asked of Gemini.</summary>
public sealed class GeminiEmbeddingTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public void Each_text_is_asked_for_and_tokens_of_another_model_are_refused()
    {
        var translated = new Translated("gemini", "gemini-embedding-001");

        var written = translated.Request("embeddings", """{"model":"m","input":["a","b"],"dimensions":2,"encoding_format":"float","user":"u"}""");

        Assert.Equal(
            """{"requests":[{"model":"models/gemini-embedding-001","content":{"parts":[{"text":"a"}]},"outputDimensionality":2},{"model":"models/gemini-embedding-001","content":{"parts":[{"text":"b"}]},"outputDimensionality":2}]}""",
            written.GetRawText());
        Assert.Equal(["user"], translated.Ignored);
        Assert.Equal("input", Assert.Throws<UntranslatableRequestException>(() => translated.Request("embeddings", """{"model":"m","input":[1,2]}""")).Parameter);
        Assert.Equal("task", Assert.Throws<UntranslatableRequestException>(() => translated.Request("embeddings", """{"model":"m","input":"a","task":"x"}""")).Parameter);
    }

    [Fact]
    public void More_texts_than_a_batch_has_are_refused_with_the_limit()
    {
        static string Asking(int texts) => $$"""{"model":"m","input":[{{string.Join(',', Enumerable.Repeat("\"a\"", texts))}}]}""";

        Assert.Equal(100, new Translated("gemini").Request("embeddings", Asking(100)).GetProperty("requests").GetArrayLength());
        var refused = Assert.Throws<UntranslatableRequestException>(() => new Translated("gemini").Request("embeddings", Asking(101)));
        Assert.Equal("input", refused.Parameter);
        Assert.Contains("101 texts, and can have 100", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_numbers_come_in_order_as_numbers_or_as_bytes()
    {
        const string Answer = """{"embeddings":[{"values":[0.5,-1]},{"values":[0.25,2]}]}""";
        var translated = new Translated("gemini");

        var numbers = translated.Answer("embeddings", Answer, """{"model":"m","input":["a","b"]}""")!.Value;
        var bytes = translated.Answer("embeddings", Answer, """{"model":"m","input":["a","b"],"encoding_format":"base64"}""")!.Value;

        Assert.Equal(("list", "1", "[0.25,2]"), (numbers.Text("object"), numbers.Text("data", "1", "index"), numbers.Text("data", "1", "embedding")));
        Assert.Equal([0.25f, 2f], System.Runtime.InteropServices.MemoryMarshal.Cast<byte, float>(Convert.FromBase64String(bytes.Text("data", "1", "embedding")!)).ToArray());
        Assert.Null(translated.Answer("embeddings", """{"embeddings":[{"values":[0.5]}]}""", """{"model":"m","input":["a","b"]}"""));
    }

    [Fact]
    public async Task They_come_through_the_gateway()
    {
        string? path = null;
        await using var provider = await ScriptedProvider.StartAsync(context =>
        {
            path = context.Request.Path;
            return ScriptedProvider.JsonAsync(context, """{"embeddings":[{"values":[0.5,1]}]}""");
        });
        await using var gateway = new GatewayHost(("Gateway:Providers:gemini:BaseUrl", provider.Url));

        using var answer = await gateway.Http.PostAsJsonAsync(new Uri("/v1/embeddings", UriKind.Relative), new { model = "gemini/gemini-embedding-001", input = "hello" }, Token);

        var body = await answer.Content.ReadFromJsonAsync<JsonElement>(Token);
        Assert.Equal(("/models/gemini-embedding-001:batchEmbedContents", "[0.5,1]"), (path, body.Text("data", "0", "embedding")));
    }
}
