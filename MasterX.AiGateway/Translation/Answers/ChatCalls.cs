using System.Text;
using System.Text.Json;
using MasterX.AiGateway.Translation.Vocabulary;

namespace MasterX.AiGateway.Translation.Answers;

/// <summary>
/// The calls of one choice of a chat completion. A sink is told of one call after the other, while some providers write several at once:
/// the first one is told as it comes, and whatever comes beside it waits until its arguments are whole.
/// </summary>
/// <param name="sink">Whom it tells.</param>
/// <param name="choice">Whose calls they are.</param>
/// <param name="ids">Names of calls that were given already; a provider may repeat them, a caller must be able to tell them apart.</param>
internal sealed class ChatCalls(AnswerSink sink, int choice, HashSet<string> ids)
{
    private readonly List<PendingCall> _calls = [];

    /// <summary>What came beside a call that is not whole: texts, thoughts.</summary>
    private List<Action>? _held;

    /// <summary>The call that is told as it comes.</summary>
    private PendingCall? _open;

    public bool Any => _calls.Count > 0;

    /// <param name="call">An element of <c>tool_calls</c>, whole or a piece of one.</param>
    public void Add(JsonElement call)
    {
        var function = call.Field("function") ?? call.Field("custom") ?? default;
        var signature = call.Field("extra_content")?.Field("google")?.Text("thought_signature") is { Length: > 0 } value ? new Signature(Signature.Gemini, value) : null;
        if (signature is not null)
        {
            sink.Seen?.SeeGoogleSignature();
        }

        var arguments = function.Field("arguments") is { ValueKind: JsonValueKind.Object } written ? written.GetRawText() : function.Piece("arguments") ?? function.Piece("input");
        int? index = call.Field("index") is { ValueKind: JsonValueKind.Number } given && given.TryGetInt32(out var number) ? number : null;
        Add(Find(index, call.Text("id")), call.Text("id"), function.Text("name"), arguments, signature);
    }

    /// <param name="call"><c>function_call</c>, of which there is one at most.</param>
    public void AddLegacy(JsonElement call) => Add(Find(0, null), null, call.Text("name"), call.Piece("arguments"), null);

    /// <summary>Tells of something else, once the call that is open is whole.</summary>
    public void Tell(Action other)
    {
        if (_open is { IsWhole: false } || _held is not null)
        {
            (_held ??= []).Add(other);
            return;
        }

        End();
        other();
    }

    /// <summary>All calls have come: tells of those that wait.</summary>
    public void End()
    {
        foreach (var call in _calls.Where(call => !call.IsTold))
        {
            if (call != _open)
            {
                Begin(call);
            }

            if (call.Arguments.ToString() is { } arguments && string.IsNullOrWhiteSpace(arguments))
            {
                sink.Arguments(choice, "{}");
            }

            call.IsTold = true;
        }

        _open = null;
        var held = _held ?? [];
        _held = null;
        held.ForEach(static tell => tell());
    }

    /// <summary>By the place, else by the name; a piece without either belongs to the call before it.</summary>
    private PendingCall Find(int? index, string? id)
    {
        var found = index is { } at ? _calls.FindLast(call => call.Index == at)
            : id is { Length: > 0 } ? _calls.Find(call => call.GivenId == id)
            : _calls.Count > 0 ? _calls[^1] : null;
        // Some number all calls 0: another name is another call.
        if (found is null || (id is { Length: > 0 } && found.GivenId is { } known && known != id))
        {
            _calls.Add(found = new PendingCall { Index = index });
        }

        return found;
    }

    private void Add(PendingCall call, string? id, string? name, string? arguments, Signature? signature)
    {
        call.GivenId ??= id is { Length: > 0 } ? id : null;
        call.Name ??= name is { Length: > 0 } ? name : null;
        call.Signature ??= signature;
        if (call.IsTold)
        {
            // Behind its whole arguments: there is nothing more that could belong to it.
            return;
        }

        call.Arguments.Append(arguments);
        if (_open is not null && _open != call && _held is null && _open.IsWhole)
        {
            _open.IsTold = true;
            _open = null;
        }

        if (_open is null && _held is null && call.Name is not null && _calls.TrueForAll(other => other == call || other.IsTold))
        {
            Begin(call);
            _open = call;
        }
        else if (_open == call)
        {
            sink.Arguments(choice, arguments);
        }
    }

    private void Begin(PendingCall call)
    {
        var id = call.GivenId is { } given && ids.Add(given) ? given : "call_" + Guid.NewGuid().ToString("N")[..24];
        sink.Call(choice, id, call.Name ?? "", call.Signature);
        sink.Arguments(choice, call.Arguments.ToString());
    }

    private sealed class PendingCall
    {
        public int? Index { get; init; }

        public string? GivenId { get; set; }

        public string? Name { get; set; }

        public Signature? Signature { get; set; }

        public StringBuilder Arguments { get; } = new();

        /// <summary>Whether the sink has all of it.</summary>
        public bool IsTold { get; set; }

        /// <summary>Whether the arguments are a JSON text: nothing more can come of it.</summary>
        public bool IsWhole
        {
            get
            {
                if (Arguments.Length == 0)
                {
                    return false;
                }

                try
                {
                    using var parsed = JsonDocument.Parse(Arguments.ToString());
                    return true;
                }
                catch (JsonException)
                {
                    return false;
                }
            }
        }
    }
}
