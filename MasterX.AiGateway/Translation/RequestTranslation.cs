using System.Text.Json;
using System.Text.Unicode;
using MasterX.AiGateway.Providers;
using MasterX.AiGateway.Requests;
using MasterX.AiGateway.Routing;
using MasterX.AiGateway.Translation.Requests;
using MasterX.AiGateway.Translation.Vocabulary;
using Turn = MasterX.AiGateway.Translation.Vocabulary.Turn;

namespace MasterX.AiGateway.Translation;

/// <summary>A request in the caller's format, said in a provider's: read into the <see cref="Conversation"/>, and written from it.</summary>
internal static class RequestTranslation
{
    /// <param name="request">The caller's.</param>
    /// <param name="candidate">Who is asked, and for which model.</param>
    /// <param name="write">Writes the provider's format.</param>
    /// <param name="scratch">Receives the provider's request.</param>
    /// <returns>Fields that were left out, by their names in the caller's format; <see langword="null"/> for none.</returns>
    /// <exception cref="UntranslatableRequestException">The provider's format has no way to say it, or something in the request is not as the caller's format has it.</exception>
    public static IReadOnlyList<string>? Write(
        ModelRequest request, Candidate candidate, Action<Conversation, Candidate, Loss, Utf8JsonWriter> write, PooledBuffer scratch) =>
        Translate(request, scratch, (root, loss, json) =>
        {
            var conversation = Read(request.Operation, root, candidate.Provider.DropFields);
            if (request.Thoughts is { } thoughts)
            {
                conversation = conversation with { Turns = thoughts.Recall(request, conversation.Turns, FamilyOf(candidate)) };
            }

            if (conversation.WebSearch is not null && candidate.Format.Family is not (Signature.Anthropic or Signature.Gemini))
            {
                throw new UntranslatableRequestException(
                    "The tool that searches the web is run by the provider itself, and this one has none in its format: leave it out, or name a model of Anthropic's or Google's.", "tools");
            }

            write(request.Broken is { Text.Length: > 0 } broken ? Rest(conversation, broken, request, candidate) : Ended(conversation, request, candidate), candidate, loss, json);
        });

    /// <summary>The same of a request for embeddings.</summary>
    /// <inheritdoc cref="Write"/>
    public static IReadOnlyList<string>? WriteEmbeddings(
        ModelRequest request, Candidate candidate, Action<EmbeddingRequest, Candidate, Utf8JsonWriter> write, PooledBuffer scratch) =>
        Translate(request, scratch, (root, loss, json) => write(EmbeddingRequest.Read(root, candidate.Provider.DropFields, loss), candidate, json));

    private static IReadOnlyList<string>? Translate(ModelRequest request, PooledBuffer scratch, Action<JsonElement, Loss, Utf8JsonWriter> translate)
    {
        if (!Utf8.IsValid(request.Body.Span))
        {
            throw new UntranslatableRequestException("The request body is not valid UTF-8.", null);
        }

        // Of this call's own, as two calls may be under way at once: what is parsed lies in pooled memory.
        var loss = new Loss();
        using var document = JsonDocument.Parse(request.Body.Memory);
        using var json = new Utf8JsonWriter(scratch, Answers.AnswerStreamWriter.Options);
        translate(document.RootElement, loss, json);
        json.Flush();
        return loss.Ignored;
    }

    /// <summary>The conversation with the answer so far, and what makes a model go on with it.</summary>
    private static Conversation Rest(Conversation conversation, BrokenAnswer broken, ModelRequest request, Candidate candidate)
    {
        var how = BrokenAnswer.HowTo(candidate.Continuation, Thinks(conversation));
        var begun = new Turn(Speaker.Assistant, [new TextPart(broken.Text)]);
        return how == Continuation.Ask
            ? conversation with { Turns = [.. conversation.Turns, begun, new Turn(Speaker.User, [new TextPart(request.ResumePrompt)])] }
            : conversation with { Turns = [.. conversation.Turns, begun], Continuation = how };
    }

    /// <summary>
    /// A conversation that ends with an answer, as an agent's does whose last one broke off: Claude refuses to go on with it where it
    /// takes no beginning of its own, and is asked to.
    /// </summary>
    private static Conversation Ended(Conversation conversation, ModelRequest request, Candidate candidate) =>
        candidate.Format.Family == Signature.Anthropic && conversation.Turns.LastOrDefault(turn => turn.Parts.Count > 0) is { Speaker: Speaker.Assistant } last
            && !last.Parts.Any(part => part is ToolCallPart) && BrokenAnswer.HowTo(candidate.Continuation, Thinks(conversation)) == Continuation.Ask
            ? conversation with { Turns = [.. conversation.Turns, new Turn(Speaker.User, [new TextPart(request.ResumePrompt)])] }
            : conversation;

    private static bool Thinks(Conversation conversation) => conversation.Thinking is { Effort: not "none", Budget: not 0 };

    /// <summary>Whose thoughts a candidate takes back; <see langword="null"/> for those of several families, which it was given with their signatures.</summary>
    private static string? FamilyOf(Candidate candidate)
    {
        if (candidate.Format.Family != Signature.OpenAi)
        {
            return candidate.Format.Family;
        }

        var dialect = ChatDialect.Of(candidate);
        return dialect.Thoughts == ThoughtField.ReasoningDetails ? null : dialect.TakesGoogleSignatures ? Signature.Gemini : Signature.OpenAi;
    }

    private static Conversation Read(Operation operation, JsonElement root, IReadOnlySet<string> dropped) =>
        operation == Operation.Messages ? MessagesRequestReader.Read(root, dropped)
        : operation == Operation.Responses ? ResponsesRequestReader.Read(root, dropped)
        : ChatRequestReader.Read(root, dropped);
}
