using System.Text;
using MasterX.AiGateway.Requests;
using MasterX.AiGateway.Streaming;

namespace MasterX.Tests.Gateway;

/// <summary>A chunk that looks like the one before it is not parsed; it must be taken for nothing else than a parser would take it for.</summary>
public sealed class OpenAiFramesTests
{
    private const string Before = """{"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"content":""";
    private const string After = """},"logprobs":null,"finish_reason":null}]}""";

    private static readonly string[] Chunks =
    [
        Before + "\" one\"" + After,
        Before + "\"two 🚀\"" + After,
        Before + "\"\"" + After,
        Before + "\"a \\\"quote\\\" and a \\\\\"" + After,
        Before + "\"ends in a backslash \\\"" + After,
        Before + "\"a\nb\"" + After,
        Before + "\"x\"},\"finish_reason\":\"stop\"},{\"index\":1,\"delta\":{\"content\":\"y\"" + After,
        Before + "\"x\",\"tool_calls\":[{\"index\":0}]" + After,
        Before + "null" + After,
        Before + "\"open" + After,
        Before + "\"last\"" + After.Replace("null}]", "\"stop\"}]", StringComparison.Ordinal),
        Before + "\"cut\"" + After[..^1],
        """{"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2}}""",
        """{"error":{"message":"overloaded"}}""",
    ];

    [Fact]
    public void Whatever_came_before_a_chunk_is_read_as_it_would_be_alone()
    {
        var random = new Random(20260101);
        for (var round = 0; round < 2_000; round++)
        {
            var stream = new OpenAiFrames { CallerWantsUsage = true };
            for (var i = 0; i < 8; i++)
            {
                var chunk = Encoding.UTF8.GetBytes(Chunks[random.Next(Chunks.Length)]);
                var alone = new OpenAiFrames { CallerWantsUsage = true };
                using PooledBuffer expected = new(256), output = new(256);
                var characters = stream.Characters;

                Assert.Equal(alone.Read(chunk, expected), stream.Read(chunk, output));
                Assert.Equal(Encoding.UTF8.GetString(expected.Span), Encoding.UTF8.GetString(output.Span));
                Assert.Equal(alone.Characters, stream.Characters - characters);
                Assert.True(stream.Finished || !alone.Finished);
            }
        }
    }

    [Fact]
    public void A_stream_that_nobody_watches_allocates_nothing_for_its_chunks()
    {
        var frames = new OpenAiFrames { CallerWantsUsage = true };
        using var output = new PooledBuffer(4096);
        byte[][] chunks =
        [
            .. from chunk in (string[])
               [
                   """{"id":"c","choices":[{"index":0,"delta":{"content":"one"}}]}""", """{"id":"c","choices":[{"index":0,"delta":{"content":"two, three"}}]}""",
                   """{"id":"c","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{}"}}]}}]}""",
                   """{"id":"c","choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2,"completion_tokens_details":{"reasoning_tokens":1}}}""",
               ]
               select Encoding.UTF8.GetBytes(chunk),
        ];
        ReadAll();

        var before = GC.GetAllocatedBytesForCurrentThread();
        ReadAll();

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);

        void ReadAll()
        {
            for (var i = 0; i < 100; i++)
            {
                output.Clear();
                foreach (var chunk in chunks)
                {
                    frames.Read(chunk, output);
                }
            }
        }
    }
}
