using MasterX.AiGateway.Providers.Classification;

namespace MasterX.Tests.Gateway.Classification;

/// <summary>A provider's key is taken out of what it says, and nothing else is.</summary>
public sealed class RedactionTests
{
    [Theory]
    [InlineData("sk-1234567890", "Incorrect key sk-1234567890xy, or 'sk-1234567890'", "Incorrect key [redacted]xy, or '[redacted]'")]
    [InlineData("k3y", "k3y is not k3ys, x-k3y or a_k3y but \"k3y\"", "[redacted] is not k3ys, x-k3y or a_k3y but \"[redacted]\"")]
    [InlineData("a", "a key has to be a text", "a key has to be a text")]
    [InlineData("none", "none of the models is there", "none of the models is there")]
    [InlineData("1", "expected 1 message, got 1", "expected 1 message, got 1")]
    [InlineData("o1", "the model gpt-o1 is unknown", "the model gpt-o1 is unknown")]
    [InlineData("", "a text", "a text")]
    [InlineData(null, "a text", "a text")]
    public void The_key_is_taken_out_and_no_other_word(string? key, string said, string told) => Assert.Equal(told, Redaction.Of(said, key));
}
