using System.Net;
using System.Text;
using MasterX.AiGateway.Providers;
using MasterX.AiGateway.Providers.Classification;
using MasterX.AiGateway.Requests;
using MasterX.AiGateway.Routing;
using Microsoft.Extensions.Time.Testing;

namespace MasterX.Tests.Gateway.Classification;

/// <summary>
/// What providers' errors come to: status, headers and body as they were seen on the wire, by kind. The bodies are shortened, and keep the
/// fields that say something.
/// </summary>
public sealed partial class ErrorTableTests
{
    private static readonly DateTimeOffset Now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    [Theory]
    [MemberData(nameof(OpenAi))]
    [MemberData(nameof(Compatible))]
    [MemberData(nameof(OfProxies))]
    [MemberData(nameof(InGoodAnswers))]
    public void Of_kind_openai(int status, string body, string verdict) => AssertVerdict("openai", status, body, verdict);

    [Theory]
    [MemberData(nameof(OpenAi))]
    [MemberData(nameof(Azure))]
    public void Of_kind_azure(int status, string body, string verdict) => AssertVerdict("azure", status, body, verdict);

    [Theory]
    [MemberData(nameof(Anthropic))]
    public void Of_kind_anthropic(int status, string body, string verdict) => AssertVerdict("anthropic", status, body, verdict);

    [Theory]
    [MemberData(nameof(Gemini))]
    public void Of_kind_gemini(int status, string body, string verdict) => AssertVerdict("gemini", status, body, verdict);

    [Theory]
    [MemberData(nameof(Bedrock))]
    public void Of_kind_bedrock(int status, string body, string verdict) => AssertVerdict("bedrock", status, body, verdict);

    [Theory]
    [MemberData(nameof(Waits))]
    public void How_long_to_wait(string kind, int status, string headers, string body, double? seconds) =>
        Assert.Equal(seconds, Judge(kind, status, body, headers).Told?.TotalSeconds);

    [Theory]
    [InlineData(400, """{"error":{"message":"This model's maximum context length is 8192 tokens.","code":null}}""", 400, "context_length_exceeded")]
    [InlineData(413, """{"error":{"message":"prompt is too long","type":"invalid_request_error"}}""", 400, "context_length_exceeded")]
    [InlineData(403, """{"error":{"message":"no access","code":"model_not_found"}}""", 404, "model_not_found")]
    [InlineData(403, """{"error":{"code":403,"message":"flagged","metadata":{"reasons":["violence"],"flagged_input":"x"}}}""", 400, "content_filter")]
    [InlineData(422, """{"detail":[{"type":"extra_forbidden","loc":["body","stream_options"],"msg":"Extra inputs are not permitted"}]}""", null, null)]
    public void What_the_caller_is_told(int status, string body, int? callerStatus, string? code)
    {
        var answer = Judge("openai", status, body);

        Assert.Equal((callerStatus, code), (answer.Verdict.CallerStatus, answer.Error!.Code));
        Assert.NotEmpty(answer.Error.Message);
    }

    [Theory]
    [InlineData("""{"detail":[{"type":"extra_forbidden","loc":["body","stream_options"],"msg":"Extra inputs are not permitted"}]}""", "Extra inputs are not permitted", "stream_options")]
    [InlineData("""{"object":"error","message":{"detail":[{"type":"missing","loc":["body","messages",0,"role"],"msg":"Field required"}]}}""", "Field required", "messages.0.role")]
    [InlineData("""{"error":"this model does not support tools"}""", "this model does not support tools", null)]
    [InlineData("""{"error":{"message":"Provider returned error","code":400,"metadata":{"raw":"{\"error\":{\"message\":\"top_k is not supported\",\"param\":\"top_k\"}}","provider_name":"X"}}}""", "top_k is not supported", "top_k")]
    [InlineData("""{"error":{"message":"Incorrect API key provided: key-of-tests-123"}}""", "Incorrect API key provided: [redacted]", null)]
    public void The_reason_is_found_in_any_shape(string body, string message, string? parameter)
    {
        var error = Judge("openai", 400, body).Error!;

        Assert.Equal((message, parameter), (error.Message, error.Parameter));
    }

    [Fact]
    public void A_403_of_a_model_that_a_caller_made_up_is_not_the_keys()
    {
        Assert.Same(Verdicts.NotPermitted, Judge("openai", 403, """{"error":{"message":"Forbidden"}}""").Verdict);
        Assert.Same(Verdicts.NothingThere, Judge("openai", 403, """{"error":{"message":"Forbidden"}}""", configured: false).Verdict);
        Assert.Same(Verdicts.KeyRefused, Judge("openai", 401, """{"error":{"message":"Unauthorized"}}""", configured: false).Verdict);
    }

    [Fact]
    public void Words_that_a_caller_had_quoted_have_no_consequences()
    {
        const string Quoted = """{"error":{"message":"Invalid role: 'Your credit balance is too low'","type":"invalid_request_error"}}""";

        Assert.Same(Verdicts.NotTaken, Judge("openai", 400, Quoted).Verdict);
        Assert.Equal(Scope.Request, Judge("anthropic", 400, Quoted).Verdict.Scope);
    }

    [Fact]
    public void Every_table_has_a_verdict_for_every_status()
    {
        foreach (var kind in WireFormat.Kinds)
        {
            for (var status = 200; status < 600; status++)
            {
                var verdict = WireFormat.Of(kind).Errors.Judge(status, ErrorBody.None, modelIsKnown: true);
                Assert.NotEqual(AttemptOutcome.Success, verdict.Outcome);
                Assert.False(verdict.EndsRequest, $"{kind} {status}: what is not known moves on");
            }
        }
    }

    private static void AssertVerdict(string kind, int status, string body, string verdict)
    {
        var given = Judge(kind, status, body).Verdict;
        var expected = typeof(Verdicts).GetField(verdict)!.GetValue(null);
        Assert.True(ReferenceEquals(expected, given), $"expected {expected}, was {given}");
    }

    private static ProviderAnswer Judge(string kind, int status, string body, string headers = "", bool configured = true)
    {
        var time = new FakeTimeProvider(Now);
        using var provider = new Provider("p", new ProviderOptions { Kind = kind, BaseUrl = "http://127.0.0.1:1/v1", ApiKey = "key-of-tests-123" }, time);
        var candidate = new Candidate(provider, "m", time) { IsConfigured = configured };
        using var response = new HttpResponseMessage((HttpStatusCode)status);
        foreach (var header in headers.Split('|', StringSplitOptions.RemoveEmptyEntries))
        {
            response.Headers.TryAddWithoutValidation(header[..header.IndexOf(':', StringComparison.Ordinal)], header[(header.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim());
        }

        return Judgement.Of(candidate, status, Encoding.UTF8.GetBytes(body), ProviderHeaders.Read(response.Headers, Now), Now);
    }
}
