using System.Text.Json;
using MasterX.ServiceDefaults.Telemetry;
using MasterX.Tests.Hosts;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace MasterX.Tests.Defaults;

/// <summary>The console's log as collectors read it.</summary>
public sealed class JsonLinesFormatterTests
{
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 11, 24, 12, 0, 0, TimeSpan.Zero));

    [Fact]
    public void A_message_is_one_line_with_its_fields_beside_it_and_each_of_them_once()
    {
        var line = Write(LogLevel.Warning, [new("Provider", "groq"), new("Status", 503), new("ElapsedMs", 1.23456), new("Retried", false), new("Key", null), new("{OriginalFormat}", "…")], "groq failed", null);

        Assert.Equal(
            """{"timestamp":"2026-11-24T12:00:00Z","level":"warning","category":"MasterX.Test","event_id":7,"message":"groq failed","Provider":"groq","Status":503,"ElapsedMs":1.235,"Retried":false,"Key":null}""" + "\n",
            line);
    }

    [Fact]
    public void A_line_end_and_an_exception_stay_within_the_line()
    {
        var line = Write(LogLevel.Error, [new("Name", "a\r\n{\"level\":\"forged\"}")], "a\nb", new InvalidOperationException("first\nsecond"));

        Assert.Equal(1, line.Count(character => character == '\n'));
        var json = JsonElement.Parse(line);
        Assert.Equal(("error", "a\nb"), (json.Text("level"), json.Text("message")));
        Assert.Contains("first\nsecond", json.Text("exception"), StringComparison.Ordinal);
    }

    private string Write(LogLevel level, IReadOnlyList<KeyValuePair<string, object?>> state, string message, Exception? exception)
    {
        using var writer = new StringWriter();
        new JsonLinesFormatter(_time).Write(new LogEntry<IReadOnlyList<KeyValuePair<string, object?>>>(level, "MasterX.Test", new EventId(7), state, exception, (_, _) => message), null, writer);
        return writer.ToString();
    }
}
