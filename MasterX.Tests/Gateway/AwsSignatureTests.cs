using System.Text;
using MasterX.AiGateway.Providers.Credentials;

namespace MasterX.Tests.Gateway;

/// <summary>
/// Signatures that are known: of AWS's own test suite for the fourth version, and two of Bedrock's addresses as AWS's library for Python
/// (botocore) signs them.
/// </summary>
public sealed class AwsSignatureTests
{
    private const string Secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

    [Theory]
    [InlineData("GET", null, "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31", "host;x-amz-date")]
    [InlineData("POST", null, "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b", "host;x-amz-date")]
    [InlineData("GET", "6e86291e8372ff2a2260956d9b8aae1d763fbf315fa00fa31553b73ebf194267", "07ec1639c89043aa0e3e2de82b96708f198cceab042d4a97044c66dd9f74e7f8", "host;x-amz-date;x-amz-security-token")]
    public void Of_the_test_suite(string method, string? token, string signature, string covered)
    {
        using var message = new HttpRequestMessage(new HttpMethod(method), "https://example.amazonaws.com/");

        AwsSignature.Write(message, [], new AwsKeys("AKIDEXAMPLE", Secret, token), "us-east-1", "service", new DateTimeOffset(2015, 8, 30, 12, 36, 0, TimeSpan.Zero));

        Assert.Equal(
            $"AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders={covered}, Signature={signature}",
            message.Headers.GetValues("Authorization").Single());
        Assert.Equal("20150830T123600Z", message.Headers.GetValues("X-Amz-Date").Single());
        Assert.Equal(token is not null, message.Headers.Contains("X-Amz-Security-Token"));
    }

    /// <summary>What is escaped in the address is escaped once more for the signature.</summary>
    [Theory]
    [InlineData("model/us.anthropic.claude-haiku-4-5-20251001-v1%3A0/invoke", """{"max_tokens":5}""", null, "57b43a980f52bddd183f49be3b010bdec335dd5cffa922f179db0513428cfcc0")]
    [InlineData("model/arn%3Aaws%3Abedrock%3Aus-east-1%3A123456789012%3Aapplication-inference-profile%2Fabc/converse", """{"messages":[]}""", "a-session-token", "44330b64c445b1eca8d215739e699e8e35a00309db18602e06bd70002bf2d765")]
    public void Of_a_models_address(string path, string body, string? token, string signature)
    {
        using var message = new HttpRequestMessage(HttpMethod.Post, "https://bedrock-runtime.us-east-1.amazonaws.com/" + path);

        AwsSignature.Write(
            message, Encoding.UTF8.GetBytes(body), new AwsKeys("AKIDEXAMPLE", Secret, token), "us-east-1", "bedrock",
            new DateTimeOffset(2026, 3, 1, 13, 0, 0, TimeSpan.FromHours(1)));

        Assert.EndsWith("Signature=" + signature, message.Headers.GetValues("Authorization").Single(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_key_is_an_id_and_a_secret_or_an_API_key()
    {
        Assert.Equal(("AKIA1", "a/b+c=", (string?)null), AwsKeys.Of("AKIA1:a/b+c=") is var two && two is not null ? (two.Id, two.Secret, two.SessionToken) : default);
        Assert.Equal("t", AwsKeys.Of("ASIA1:s:t")!.SessionToken);
        Assert.Null(AwsKeys.Of("ABSKQmVkcm9ja0FQSUtleQ=="));
        Assert.DoesNotContain("s-e-c", AwsKeys.Of("AKIA1:s-e-c")!.ToString(), StringComparison.Ordinal);
    }
}
