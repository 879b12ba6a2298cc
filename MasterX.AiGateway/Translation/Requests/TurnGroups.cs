using MasterX.AiGateway.Translation.Vocabulary;

namespace MasterX.AiGateway.Translation.Requests;

/// <summary>
/// A conversation's turns as formats want them in which sides alternate: neighbours of one side are one, those without anything in them are
/// left out, and results of tools come first, as they answer the turn before.
/// </summary>
internal static class TurnGroups
{
    /// <param name="conversation">Its instructions are left out.</param>
    /// <param name="isSent">Whether a part can be said; of a turn whose parts cannot nothing is left.</param>
    public static IEnumerable<(Speaker Speaker, List<Part> Parts)> Of(Conversation conversation, Func<Part, bool> isSent)
    {
        Speaker? speaker = null;
        List<Part> parts = [];
        foreach (var turn in conversation.Turns)
        {
            if (turn.Speaker == Speaker.Instructions || turn.Parts.All(part => IsEmpty(part) || !isSent(part)))
            {
                continue;
            }

            if (turn.Speaker != speaker)
            {
                if (speaker is { } ended && parts.Count > 0)
                {
                    yield return (ended, parts);
                }

                (speaker, parts) = (turn.Speaker, []);
            }

            foreach (var part in turn.Parts)
            {
                if (part is ToolResultPart)
                {
                    parts.Insert(parts.FindLastIndex(other => other is ToolResultPart) + 1, part);
                }
                else if (!IsEmpty(part) && isSent(part))
                {
                    parts.Add(part);
                }
            }
        }

        if (speaker is { } last && parts.Count > 0)
        {
            yield return (last, parts);
        }
    }

    /// <summary>The same for providers that refuse a thought without a signature of their own family.</summary>
    /// <param name="conversation">Its instructions are left out.</param>
    /// <param name="family">See <see cref="Signature.Family"/>.</param>
    /// <param name="loss">Told of thoughts that are left out.</param>
    public static IEnumerable<(Speaker Speaker, List<Part> Parts)> OfFamily(Conversation conversation, string family, Loss loss) => Of(conversation, part =>
    {
        var isSent = part is not (ThinkingPart or HiddenThinkingPart) || part.Signature?.Family == family;
        if (!isSent)
        {
            loss.Ignore("messages.reasoning");
        }

        return isSent;
    });

    private static bool IsEmpty(Part part) => part switch
    {
        TextPart { Signature: null } text => string.IsNullOrWhiteSpace(text.Text),
        RefusalPart refusal => string.IsNullOrWhiteSpace(refusal.Text),
        _ => false,
    };

    /// <summary>Leaves out what a model made beside text, images and sound, for formats in which only a user has them.</summary>
    public static Conversation WithoutMadeMedia(Conversation conversation, Loss loss)
    {
        if (!conversation.Turns.Any(turn => turn.Speaker == Speaker.Assistant && turn.Parts.Any(IsMedia)))
        {
            return conversation;
        }

        foreach (var part in conversation.Turns.Where(turn => turn.Speaker == Speaker.Assistant).SelectMany(turn => turn.Parts).Where(IsMedia))
        {
            loss.Ignore(part is AudioPart ? "messages.audio" : "messages.images");
        }

        return conversation with
        {
            Turns = [.. conversation.Turns.Select(turn => turn.Speaker == Speaker.Assistant ? turn with { Parts = [.. turn.Parts.Where(part => !IsMedia(part))] } : turn)],
        };
    }

    private static bool IsMedia(Part part) => part is ImagePart or AudioPart or VideoPart;

    /// <summary>All instructions, wherever they were given; parts without text are left out.</summary>
    public static List<TextPart> Instructions(Conversation conversation, string format)
    {
        List<TextPart> texts = [];
        foreach (var turn in conversation.Turns.Where(turn => turn.Speaker == Speaker.Instructions))
        {
            foreach (var part in turn.Parts)
            {
                if (part is not TextPart text)
                {
                    throw new Providers.UntranslatableRequestException($"Instructions can be texts only in {format}.", "messages");
                }

                if (!string.IsNullOrWhiteSpace(text.Text))
                {
                    texts.Add(text);
                }
            }
        }

        return texts;
    }

    /// <summary>Nothing was said at all.</summary>
    public static Providers.UntranslatableRequestException Nothing(string format) => new($"There is nothing in 'messages' that could be said in {format}: every message is empty.", "messages");
}
