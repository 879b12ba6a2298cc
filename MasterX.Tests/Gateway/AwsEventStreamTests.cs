using System.Buffers.Binary;
using System.Text;
using MasterX.AiGateway.Streaming;
using MasterX.Tests.Hosts;

namespace MasterX.Tests.Gateway;

/// <summary>AWS's binary event stream, read as server-sent events.</summary>
public sealed class AwsEventStreamTests
{
    private const int Largest = 4096;

    private static readonly byte[] Whole =
    [
        .. AwsEvents.Event("messageStart", """{"role":"assistant"}"""),
        .. AwsEvents.Event("contentBlockDelta", "{\"delta\":\n{\"text\":\"é\"},\r\n\"contentBlockIndex\":0}"),
        .. AwsEvents.Chunk("""{"type":"message_stop"}"""),
    ];

    private const string Text =
        "data: {\"messageStart\":{\"role\":\"assistant\"}}\n\n"
        + "data: {\"contentBlockDelta\":{\"delta\": {\"text\":\"é\"},  \"contentBlockIndex\":0}}\n\n"
        + "data: {\"type\":\"message_stop\"}\n\n";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public void The_check_sum_is_the_one_everybody_means() => Assert.Equal(0xCBF43926, Crc32.Of("123456789"u8));

    /// <summary>A message without anything in it, as AWS's libraries write it.</summary>
    [Fact]
    public void The_smallest_message_is_read()
    {
        byte[] message = [0, 0, 0, 0x10, 0, 0, 0, 0, 0x05, 0xC2, 0x48, 0xEB, 0x7D, 0x98, 0xC8, 0xFF];

        Assert.True(AwsMessage.TryRead(message, Largest, out var read, out var length));
        Assert.Equal((16, "", 0), (length, read.Kind, read.Payload.Length));
        Assert.Equal(message, AwsEvents.Message([], []));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(100_000)]
    public async Task Events_are_read_however_they_are_cut(int piece) => Assert.Equal(Text, await ReadAsync(Whole, piece));

    [Fact]
    public async Task What_is_text_passes_as_it_is()
    {
        const string Error = """{"message":"Too many requests"}""";

        Assert.Equal(Error, await ReadAsync(Encoding.UTF8.GetBytes(Error), 5));
    }

    [Theory]
    [InlineData("""{"message":"slow \"down\""}""", "slow \\u0022down\\u0022")]
    [InlineData("not JSON", "")]
    public async Task An_exception_is_an_error_by_its_name(string payload, string message) => Assert.Equal(
        $"event: error\ndata: {{\"__type\":\"throttlingException\",\"message\":\"{message}\"}}\n\n",
        await ReadAsync(AwsEvents.Exception("throttlingException", payload), 64));

    [Fact]
    public async Task An_error_of_another_kind_has_its_words_in_headers() => Assert.Equal(
        "event: error\ndata: {\"__type\":\"InternalError\",\"message\":\"broken\"}\n\n",
        await ReadAsync(AwsEvents.Message("", (":error-code", "InternalError"), (":error-message", "broken"), (":message-type", "error")), 64));

    /// <summary>Headers of every type stand before the one that is read.</summary>
    [Fact]
    public async Task Headers_of_other_types_are_passed_over()
    {
        byte[] headers =
        [
            1, (byte)'a', 0, 1, (byte)'b', 1, 1, (byte)'c', 2, 9, 1, (byte)'d', 3, 0, 1, 1, (byte)'e', 4, 0, 0, 0, 1,
            1, (byte)'f', 5, 0, 0, 0, 0, 0, 0, 0, 1, 1, (byte)'g', 6, 0, 2, 7, 7, 1, (byte)'h', 8, 0, 0, 0, 0, 0, 0, 0, 1,
            1, (byte)'i', 9, .. new byte[16],
            11, .. ":event-type"u8, 7, 0, 1, (byte)'x', 13, .. ":message-type"u8, 7, 0, 5, .. "event"u8,
        ];

        Assert.Equal("data: {\"x\":{}}\n\n", await ReadAsync(AwsEvents.Message([], headers), 64));
    }

    public static TheoryData<string, byte[]> Broken => new()
    {
        { "cut within a message", Whole[..^1] },
        { "cut within the first numbers", Whole[..5] },
        { "a check sum of the beginning", Changed(Whole, 9) },
        { "a check sum of all", Changed(Whole, 40) },
        { "a length that was changed", Changed(Whole, 1) },
        { "larger than allowed", Lengths(Largest + 17, 0) },
        { "hugely long", Lengths(0x01FF_FFFF, 0) },
        { "headers longer than the message", Lengths(64, 100) },
        { "hugely long headers", Lengths(0x01FF_FFFF, 0x00FF_FFFF) },
        { "shorter than the numbers it begins with", Lengths(8, 0) },
        { "a header that is cut short", AwsEvents.Message([], [5, (byte)'a']) },
        { "a header of an unknown type", AwsEvents.Message([], [1, (byte)'a', 77]) },
        { "a chunk that is no JSON", AwsEvents.Event("chunk", "{") },
        { "a chunk that is no base64", AwsEvents.Event("chunk", """{"bytes":"***"}""") },
    };

    [Theory]
    [MemberData(nameof(Broken))]
    public async Task What_is_broken_is_said_to_be_and_nothing_is_waited_for(string how, byte[] bytes)
    {
        Assert.NotEmpty(how);
        await Assert.ThrowsAsync<InvalidDataException>(() => ReadAsync(bytes, 16));
    }

    [Fact]
    public async Task What_came_whole_before_is_given_first()
    {
        await using var stream = new AwsEventStream(new MemoryStream([.. Whole, .. Lengths(8, 0)]), Largest);
        var buffer = new byte[4096];

        Assert.Equal(Text, Encoding.UTF8.GetString(buffer, 0, await stream.ReadAsync(buffer, Token)));
        await Assert.ThrowsAsync<InvalidDataException>(() => stream.ReadAsync(buffer, Token).AsTask());
    }

    /// <summary>Whatever comes, it is text, or it is said to be broken.</summary>
    [Fact]
    public async Task Thousands_of_broken_streams_end()
    {
        var random = new Random(4711);
        var broken = 0;
        for (var i = 0; i < 20_000; i++)
        {
            var bytes = Whole.ToArray();
            for (var count = random.Next(1, 4); count > 0; count--)
            {
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            }

            try
            {
                await ReadAsync(bytes[..random.Next(1, bytes.Length + 1)], random.Next(1, 300));
            }
            catch (InvalidDataException)
            {
                broken++;
            }
        }

        Assert.InRange(broken, 10_000, 20_000);
    }

    private static byte[] Changed(byte[] bytes, int at)
    {
        var changed = bytes.ToArray();
        changed[at] ^= 1;
        return changed;
    }

    /// <summary>The beginning of a message of these lengths, with the right check sum.</summary>
    private static byte[] Lengths(int all, int headers)
    {
        var bytes = new byte[12];
        BinaryPrimitives.WriteInt32BigEndian(bytes, all);
        BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(4), headers);
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(8), Crc32.Of(bytes.AsSpan(0, 8)));
        return bytes;
    }

    private static async Task<string> ReadAsync(byte[] bytes, int piece)
    {
        await using var stream = new AwsEventStream(new Pieces(bytes, piece), Largest);
        using var text = new MemoryStream();
        var buffer = new byte[50];
        while (await stream.ReadAsync(buffer, Token) is var read and > 0)
        {
            text.Write(buffer, 0, read);
        }

        return Encoding.UTF8.GetString(text.ToArray());
    }

    /// <summary>Gives no more than so many bytes at once.</summary>
    private sealed class Pieces(byte[] bytes, int piece) : MemoryStream(bytes)
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            base.ReadAsync(buffer[..Math.Min(buffer.Length, piece)], cancellationToken);
    }
}
