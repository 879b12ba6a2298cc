using System.Net;
using MasterX.Tests.Hosts;

namespace MasterX.Tests.Api;

/// <summary><c>POST /api/ai/generate</c> and the history, from the consumer's side.</summary>
public sealed class GenerateTests
{
    [Fact]
    public async Task A_prompt_is_answered_and_kept()
    {
        await using var api = new ApiHost();

        using var answer = await api.GenerateAsync(new { prompt = "What is a circuit breaker?" });

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        var body = await answer.JsonAsync();
        Assert.True(body.GetProperty("success").GetBoolean());
        Assert.NotEmpty(body.Text("content")!);
        Assert.InRange(body.GetProperty("confidence").GetDouble(), 0.5, 1);
        Assert.Equal("gemini", body.Text("provider"));
        Assert.True(body.GetProperty("usage").GetProperty("output_tokens").GetInt32() > 0);
        Assert.Equal("success", body.Text("attempts", "0", "outcome"));
        using var kept = await api.Http.GetAsync(new Uri($"/api/ai/generations/{body.Text("id")}", UriKind.Relative), TestContext.Current.CancellationToken);
        Assert.Equal(body.Text("content"), (await kept.JsonAsync()).Text("content"));
    }

    [Fact]
    public async Task Confidence_is_the_geometric_mean_of_the_token_probabilities_from_either_wire_format()
    {
        await using var api = new ApiHost();

        using var gemini = await api.GenerateAsync(new { prompt = "x", model = "gemini/m" });
        using var openAi = await api.GenerateAsync(new { prompt = "x", model = "openai/m" });

        Assert.InRange((await gemini.JsonAsync()).GetProperty("confidence").GetDouble(), 0.74, 0.98);
        Assert.InRange((await openAi.JsonAsync()).GetProperty("confidence").GetDouble(), 0.74, 0.98);
    }

    [Fact]
    public async Task The_failed_attempt_is_listed_when_the_next_provider_answers()
    {
        await using var api = new ApiHost();
        await api.Emulator.BreakAsync("gemini", new { status = 503 });

        using var answer = await api.GenerateAsync(new { prompt = "hello" });

        var body = await answer.JsonAsync();
        Assert.Equal("groq", body.Text("provider"));
        Assert.Equal(("gemini", "provider_failed", "503"), (body.Text("attempts", "0", "provider"), body.Text("attempts", "0", "outcome"), body.Text("attempts", "0", "status")));
    }

    [Fact]
    public async Task All_providers_down_is_a_503_problem_and_nothing_is_kept()
    {
        await using var api = new ApiHost();
        foreach (var provider in new[] { "gemini", "groq", "openai" })
        {
            await api.Emulator.BreakAsync(provider, new { status = 500 });
        }

        using var answer = await api.GenerateAsync(new { prompt = "hello" });

        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
        Assert.Equal("application/problem+json", answer.Content.Headers.ContentType!.MediaType);
        var problem = await answer.JsonAsync();
        Assert.Equal(3, problem.GetProperty("attempts").GetArrayLength());
        Assert.NotEmpty(problem.Text("trace_id")!);
        Assert.Equal(0, await HistoryLengthAsync(api));
    }

    [Fact]
    public async Task A_gateway_that_is_gone_is_a_503_problem()
    {
        await using var api = new ApiHost([("services:aigateway:http:0", "http://127.0.0.1:1")]);

        using var answer = await api.GenerateAsync(new { prompt = "hello" });

        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
        Assert.Contains("AI gateway", (await answer.JsonAsync()).Text("detail"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_history_is_newest_first_and_paged()
    {
        await using var api = new ApiHost();
        for (var i = 1; i <= 3; i++)
        {
            using var answer = await api.GenerateAsync(new { prompt = $"prompt {i}" });
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        }

        using var first = await api.Http.GetAsync(new Uri("/api/ai/generations?limit=2", UriKind.Relative), TestContext.Current.CancellationToken);
        var page = await first.JsonAsync();
        using var second = await api.Http.GetAsync(new Uri($"/api/ai/generations?limit=2&cursor={page.Text("next_cursor")}", UriKind.Relative), TestContext.Current.CancellationToken);
        var rest = await second.JsonAsync();

        Assert.Equal(["prompt 3", "prompt 2"], page.GetProperty("items").EnumerateArray().Select(item => item.Text("prompt")));
        Assert.Equal(["prompt 1"], rest.GetProperty("items").EnumerateArray().Select(item => item.Text("prompt")));
        Assert.Null(rest.Text("next_cursor"));
    }

    [Fact]
    public async Task The_history_is_there_after_a_restart()
    {
        using var folder = new DataFolder();
        string id;
        await using (var api = new ApiHost(folder: folder))
        {
            using var answer = await api.GenerateAsync(new { prompt = "remember" });
            id = (await answer.JsonAsync()).Text("id")!;
        }

        await using var again = new ApiHost(folder: folder);
        await again.WaitReadyAsync();
        using var kept = await again.Http.GetAsync(new Uri($"/api/ai/generations/{id}", UriKind.Relative), TestContext.Current.CancellationToken);

        Assert.Equal("remember", (await kept.JsonAsync()).Text("prompt"));
    }

    [Theory]
    [InlineData("", "application/json", 400, "JSON body is required")]
    [InlineData("null", "application/json", 400, "JSON body is required")]
    [InlineData("{", "application/json", 400, "not valid JSON")]
    [InlineData("[]", "application/json", 400, "JSON object")]
    [InlineData("{}", "application/json", 400, "prompt is required")]
    [InlineData("""{"prompt":""}""", "application/json", 400, "prompt is required")]
    [InlineData("""{"prompt":"  "}""", "application/json", 400, "prompt is required")]
    [InlineData("""{"prompt":null}""", "application/json", 400, "prompt is required")]
    [InlineData("""{"prompt":5}""", "application/json", 400, "'prompt'")]
    [InlineData("""{"prompt":{"$gt":""}}""", "application/json", 400, "'prompt'")]
    [InlineData("""{"prompt":"a","unknown":1}""", "application/json", 400, "'unknown'")]
    [InlineData("""{"prompt":"a","prompt":"b"}""", "application/json", 400, "given twice")]
    [InlineData("""{"prompt":"a","max_tokens":"many"}""", "application/json", 400, "'max_tokens'")]
    [InlineData("""{"prompt":"a","max_tokens":0}""", "application/json", 400, "max_tokens must be")]
    [InlineData("""{"prompt":"a","temperature":3}""", "application/json", 400, "temperature must be")]
    [InlineData("""{"prompt":"a","model":"no-such-model"}""", "application/json", 400, "no-such-model")]
    [InlineData("""{"prompt":"a","user_id":"usr_nobody"}""", "application/json", 400, "user_id")]
    [InlineData("prompt=a", "application/x-www-form-urlencoded", 415, "application/json")]
    public async Task A_bad_request_is_a_problem_that_says_what_is_wrong(string body, string contentType, int status, string said)
    {
        await using var api = new ApiHost();

        using var answer = await api.PostRawAsync("/api/ai/generate", body, contentType);

        await AssertRefusedAsync(api, answer, status, said);
    }

    [Theory]
    [InlineData(100_001, 400, "at most 100000")]
    [InlineData(5 * 1024 * 1024, 413, "larger than")]
    public async Task A_prompt_over_the_limit_is_refused(int length, int status, string said)
    {
        await using var api = new ApiHost();

        using var answer = await api.PostRawAsync("/api/ai/generate", $$"""{"prompt":"{{new string('a', length)}}"}""");

        await AssertRefusedAsync(api, answer, status, said);
    }

    private static async Task AssertRefusedAsync(ApiHost api, HttpResponseMessage answer, int status, string said)
    {
        Assert.Equal(status, (int)answer.StatusCode);
        Assert.Equal("application/problem+json", answer.Content.Headers.ContentType!.MediaType);
        var problem = await answer.JsonAsync();
        Assert.Contains(said, problem.ToString(), StringComparison.Ordinal);
        Assert.NotEmpty(problem.Text("trace_id")!);
        Assert.Equal(0, await HistoryLengthAsync(api));
        foreach (var provider in new[] { "gemini", "groq", "openai" })
        {
            Assert.Equal(0, await api.Emulator.CallsAsync(provider));
        }
    }

    private static async Task<int> HistoryLengthAsync(ApiHost api)
    {
        await api.WaitReadyAsync();
        using var history = await api.Http.GetAsync(new Uri("/api/ai/generations", UriKind.Relative), TestContext.Current.CancellationToken);
        return (await history.JsonAsync()).GetProperty("items").GetArrayLength();
    }
}
