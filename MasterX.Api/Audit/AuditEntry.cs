using System.Buffers;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace MasterX.Api.Audit;

/// <summary>
/// An entry as it is stored. Its document is what its hash is made of, byte by byte, and names the hash of the entry before it: whoever changes or removes one breaks the chain there. The
/// other fields repeat what is in the document, to search by.
/// </summary>
/// <param name="Sequence">1, and one more with every entry.</param>
/// <param name="At">UTC, to the millisecond.</param>
/// <param name="ActorId">Who.</param>
/// <param name="Action">What.</param>
/// <param name="Target">To what.</param>
/// <param name="Document">JSON.</param>
/// <param name="Hash">SHA-256 of the document, 64 hexadecimal digits.</param>
internal sealed record AuditEntry(long Sequence, DateTimeOffset At, string ActorId, string Action, string Target, string Document, string Hash)
{
    /// <summary>What the service does where the beginning of the log has had its time.</summary>
    public const string Cut = "audit.cut";

    /// <summary>Of an act that has happened, and of one of which the process that did it died before it could say so.</summary>
    public const string Done = "done", Unknown = "unknown";

    /// <summary>What the first entry names as the hash before it.</summary>
    public static readonly string Beginning = new('0', 64);

    /// <summary>The entry of an act, behind the last one.</summary>
    public static AuditEntry After(AuditEntry? last, AuditAct act, string outcome)
    {
        var sequence = (last?.Sequence ?? 0) + 1;
        var document = Write(sequence, last?.Hash ?? Beginning, act, outcome);
        return new(sequence, act.At, act.ActorId, act.Action, act.Target, document, HashOf(document));
    }

    /// <summary>As it is answered: the document, and the hash at its end.</summary>
    public string ToJson() => $"{Document[..^1]},\"hash\":\"{Hash}\"}}";

    /// <summary>What is wrong with it by itself, and behind the entry before it.</summary>
    /// <param name="sequence">That it has to have.</param>
    /// <param name="previousHash">That it has to name.</param>
    public string? ProblemBehind(long sequence, string previousHash)
    {
        if (Sequence != sequence)
        {
            return string.Create(CultureInfo.InvariantCulture, $"Entry {sequence} is missing: behind it comes {Sequence}.");
        }

        if (HashOf(Document) != Hash)
        {
            return "Its content is not what its hash was made of: it was changed.";
        }

        try
        {
            return ProblemOfContent(previousHash);
        }
        catch (Exception changed) when (changed is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            return "Its content cannot be read: it was changed.";
        }
    }

    private string? ProblemOfContent(string previousHash)
    {
        using var document = JsonDocument.Parse(Document);
        var root = document.RootElement;
        return root.GetProperty("previous_hash").GetString() != previousHash ? "It names another hash than that of the entry before it: one of them was changed, or entries in between were removed."
            : root.GetProperty("sequence").GetInt64() != Sequence || root.GetProperty("at").GetDateTimeOffset() != At || root.GetProperty("actor").GetProperty("id").GetString() != ActorId
                || root.GetProperty("action").GetString() != Action || root.GetProperty("target").GetString() != Target ? "What it is found by is not what its content says: it was changed."
            : null;
    }

    /// <summary>Of an entry that tells of a cut: up to where, and the hash of what was last there.</summary>
    public (long Through, string Hash) ReadCut()
    {
        using var document = JsonDocument.Parse(Document);
        var changes = document.RootElement.GetProperty("changes");
        return (changes[0].GetProperty("after").GetInt64(), changes[1].GetProperty("after").GetString()!);
    }

    /// <summary>What tells of a cut.</summary>
    public static AuditAct ActOfCut(AuditEntry last, TimeProvider time) =>
        AuditAct.OfService(time, "retention", Cut, "audit", [new("through", null, last.Sequence), new("hash", null, last.Hash)]);

    private static string HashOf(string document) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(document)));

    /// <summary>In one order, and one way to write it.</summary>
    private static string Write(long sequence, string previousHash, AuditAct act, string outcome)
    {
        var bytes = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(bytes))
        {
            json.WriteStartObject();
            json.WriteNumber("sequence", sequence);
            json.WriteString("id", act.Id);
            json.WriteString("at", act.At);
            json.WriteStartObject("actor");
            json.WriteString("id", act.ActorId);
            json.WriteString("name", act.ActorName);
            json.WriteEndObject();
            json.WriteString("action", act.Action);
            json.WriteString("target", act.Target);
            json.WriteString("address", act.Address);
            json.WriteString("trace_id", act.TraceId);
            json.WriteString("outcome", outcome);
            json.WriteStartArray("changes");
            foreach (var change in act.Changes)
            {
                json.WriteStartObject();
                json.WriteString("field", change.Field);
                Write(json, "before", change.Before);
                Write(json, "after", change.After);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteString("previous_hash", previousHash);
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(bytes.WrittenSpan);
    }

    private static void Write(Utf8JsonWriter json, string name, System.Text.Json.Nodes.JsonNode? value)
    {
        json.WritePropertyName(name);
        if (value is null)
        {
            json.WriteNullValue();
        }
        else
        {
            value.WriteTo(json);
        }
    }
}
