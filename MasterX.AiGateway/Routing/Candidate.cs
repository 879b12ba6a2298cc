using System.Text.Json;
using MasterX.AiGateway.Limits;
using MasterX.AiGateway.Prices;
using MasterX.AiGateway.Providers;
using MasterX.AiGateway.Providers.Classification;
using MasterX.AiGateway.Requests;

namespace MasterX.AiGateway.Routing;

/// <summary>A provider and the model to ask of it; one for all routes that name the two.</summary>
internal sealed class Candidate(Provider provider, string model, TimeProvider time)
{
    private readonly Uri?[] _whole = [.. Operation.All.Select(operation => provider.Format.For(model).UriOf(provider.BaseUrl, model, operation, stream: false, provider.Options))];
    private readonly Uri?[] _streamed = [.. Operation.All.Select(operation => provider.Format.For(model).UriOf(provider.BaseUrl, model, operation, stream: true, provider.Options))];

    public Provider Provider { get; } = provider;

    public string Model { get; } = model;

    /// <summary>How the model is spoken to.</summary>
    public WireFormat Format { get; } = provider.Format.For(model);

    /// <summary>Its circuit and cool-down.</summary>
    public ModelGate Gate { get; } = new(provider.Limits, provider.Options.Circuit, time, model);

    /// <summary>Whether it stands in the configuration, so that it stays whoever asks for what.</summary>
    public bool IsConfigured { get; set; }

    /// <summary>Whether it is configured, or has answered: callers may name what does not exist.</summary>
    public bool IsKnown => IsConfigured || HasAnswered;

    /// <summary>Whether it has been called, and so far as its provider remembers so many, answered.</summary>
    public bool HasAnswered { get; private set; }

    /// <summary>Whether a call was made.</summary>
    public bool WasCalled { get; private set; }

    /// <summary>When it was last asked for, as the clock's timestamp.</summary>
    public long LastAsked { get; private set; }

    /// <summary>The model in metrics, of which a caller must not make ever more.</summary>
    public string Label => IsKnown ? Model : "_other";

    /// <summary>How it goes on with an answer that another one began.</summary>
    public Continuation Continuation { get; } = Continuations.Of(provider, provider.Format.For(model), model);

    /// <summary>How fast it has lately answered.</summary>
    public RecentLatency Latency { get; } = new(time);

    /// <summary>What a provider of OpenAI's chat format has answered with, which tells what it wants back.</summary>
    public Translation.Vocabulary.SeenThoughts Thoughts { get; } = new();

    /// <summary>
    /// The model that its answers name, once there was one: an alias stands for a dated one, a deployment for any, a router for whatever it
    /// finds best.
    /// </summary>
    public string? AnswersAs { get; private set; }

    /// <summary>What its answers cost, as last found out.</summary>
    public Quote? Quote { get; set; }

    /// <summary>The model as a JSON string, quotes included.</summary>
    public ReadOnlyMemory<byte> ModelJson { get; } = System.Text.Encoding.UTF8.GetBytes($"\"{JsonEncodedText.Encode(model)}\"");

    /// <summary>Notes that a caller asks for it.</summary>
    public Candidate Asked()
    {
        LastAsked = time.GetTimestamp();
        return this;
    }

    /// <summary>Notes that it has answered, and so exists.</summary>
    public void NoteAnswer()
    {
        if (!HasAnswered && (IsConfigured || Provider.TryRemember()))
        {
            HasAnswered = true;
        }
    }

    /// <summary>Learns from a call how fast it is, and whether it exists.</summary>
    public void Learn(Verdict verdict, TimeSpan elapsed)
    {
        if (!WasCalled)
        {
            WasCalled = true;
        }

        if (verdict.Outcome == AttemptOutcome.Success)
        {
            Latency.Succeeded(elapsed);
            NoteAnswer();
        }
        else if (verdict.Circuit == CircuitSignal.Failed || verdict.Scope != Scope.Request)
        {
            Latency.Failed();
        }
    }

    /// <summary>The model an answer names, without making a new string of the name that was there before.</summary>
    /// <param name="json">At the name.</param>
    /// <returns><see langword="null"/> when it is no name.</returns>
    public string? NameOf(ref Utf8JsonReader json)
    {
        if (json.TokenType != JsonTokenType.String)
        {
            return null;
        }

        if (AnswersAs is { } known && json.ValueTextEquals(known))
        {
            return known;
        }

        return json.ValueTextEquals(Model) ? NameOf(Model) : NameOf(json.GetString());
    }

    /// <summary>Notes the model an answer names.</summary>
    /// <returns><see langword="null"/> when it is no name.</returns>
    public string? NameOf(string? name)
    {
        if (name is null || !IsModelName(name))
        {
            return null;
        }

        if (AnswersAs != name)
        {
            AnswersAs = name;
        }

        return AnswersAs;
    }

    /// <summary>Where an answer is asked for; <see langword="null"/> when the provider's API has no such operation.</summary>
    public Uri? UriOf(ModelRequest request) => (request.Stream ? _streamed : _whole)[OperationOf(request).Index];

    /// <summary>The rest of a response is asked for as a chat: see <see cref="BrokenAnswer"/>.</summary>
    private static Operation OperationOf(ModelRequest request) =>
        request.Broken is not null && request.Operation == Operation.Responses ? Operation.Chat : request.Operation;

    /// <summary>Whether a text can be a model's name: it goes into URLs, headers, metrics and logs, so it has visible ASCII characters only, no quotes, and an end.</summary>
    public static bool IsModelName(string text) =>
        text.Length is > 0 and <= 200 && text.All(character => character is > ' ' and <= '~' and not ('"' or '\\'));

    /// <summary>Splits <c>provider/model</c> at the first slash; a model's own name may contain more.</summary>
    public static (string Provider, string? Model) Split(string candidate)
    {
        var slash = candidate.IndexOf('/', StringComparison.Ordinal);
        return slash < 0 ? (candidate, null) : (candidate[..slash], slash == candidate.Length - 1 ? null : candidate[(slash + 1)..]);
    }
}
