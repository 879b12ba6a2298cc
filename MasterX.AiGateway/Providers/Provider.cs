using System.Collections.Concurrent;
using System.Net;
using MasterX.AiGateway.Limits;
using MasterX.AiGateway.Providers.Classification;
using MasterX.AiGateway.Providers.Credentials;
using MasterX.AiGateway.Providers.Keys;
using MasterX.AiGateway.Routing;
using MasterX.ServiceDefaults.Compression;

namespace MasterX.AiGateway.Providers;

/// <summary>A configured provider at run time: how to speak to it, the connections to it, and the gate in front of it.</summary>
internal sealed class Provider : IDisposable
{
    /// <summary>
    /// Models whose circuits are remembered; callers may name models without end, and the ones longest not asked for make room.
    /// </summary>
    private const int MostCandidates = 1000;

    /// <summary>Models beside the configured ones that are told apart in metrics because they have answered.</summary>
    private const int MostAnswered = 200;

    /// <summary>
    /// Who asks: what stands in front of a provider may refuse those who do not say. Packing costs both sides more time than it saves; an
    /// answer that is packed all the same is unpacked.
    /// </summary>
    private static readonly (string Name, string Value)[] CommonHeaders =
    [
        ("User-Agent", $"MasterX/{typeof(Provider).Assembly.GetName().Version!.ToString(3)}"),
        ("Accept-Encoding", ContentCoding.Identity),
    ];

    private readonly SocketsHttpHandler _connections;
    private readonly ConcurrentDictionary<string, Candidate> _candidates = new(StringComparer.Ordinal);
    private readonly TimeProvider _time;

    /// <summary>What every request has, by the index of its key.</summary>
    private readonly (string Name, string Value)[][] _headers;

    /// <summary>What must not be passed on, of all its keys.</summary>
    private readonly string[] _secrets;

    private readonly Lock _eviction = new();
    private long _lastHeard;
    private int _answered;

    /// <param name="name">As configured.</param>
    /// <param name="options">Valid.</param>
    /// <param name="time">Clock.</param>
    /// <param name="previous">The one it takes the place of; keys that both have go on with their limits.</param>
    /// <param name="shared">What the gateway's replicas share; <see langword="null"/> for nothing.</param>
    public Provider(string name, ProviderOptions options, TimeProvider time, Provider? previous = null, SharedGate? shared = null)
    {
        Name = name;
        Options = options;
        Kind = options.Kind ?? "openai";
        ConventionName = Kind switch { "gemini" => "gcp.gemini", "anthropic" => "anthropic", "azure" => "azure.ai.openai", "bedrock" => "aws.bedrock", "vertex" => "gcp.vertex_ai", _ => name };
        Format = WireFormat.Of(Kind);
        BaseUrl = new Uri(options.BaseUrl!.TrimEnd('/') + "/");
        DropFields = options.DropFields.ToHashSet(StringComparer.Ordinal);
        Limits = new ProviderLimits(options, time, previous?.Kind == Kind && previous.BaseUrl == BaseUrl ? previous.Limits : null, shared, name);
        _headers = [.. Limits.Keys.Span.ToArray().Select(
            key => key.Secret is not null && Format.Authentication(key.Secret) is { } header
                ? ((string Name, string Value)[])[.. CommonHeaders, .. Format.Headers, header]
                : [.. CommonHeaders, .. Format.Headers])];
        _secrets = [.. Limits.Keys.Span.ToArray().SelectMany(key => key.Secret is null ? [] : Format.SecretsIn(key.Secret))];
        Credential = ProviderCredential.Of(options, time);
        _time = time;
        _lastHeard = time.GetTimestamp();
        _connections = new SocketsHttpHandler
        {
            ConnectTimeout = options.ConnectTimeout,
            PooledConnectionLifetime = TimeSpan.FromMinutes(5),
            PooledConnectionIdleTimeout = TimeSpan.FromMinutes(1),
            AllowAutoRedirect = false,
            UseCookies = false,
            UseProxy = options.UseProxy && !BaseUrl.IsLoopback,
            AutomaticDecompression = DecompressionMethods.None,
            MaxResponseHeadersLength = 64,
            EnableMultipleHttp2Connections = true,

            // A connection that was lost on the way without a word is found out while a model thinks in silence, and not at its time limit.
            KeepAlivePingDelay = TimeSpan.FromSeconds(30),
            KeepAlivePingTimeout = TimeSpan.FromSeconds(15),
            KeepAlivePingPolicy = HttpKeepAlivePingPolicy.WithActiveRequests,

            // The gateway's own span covers the call; one more per attempt would cost more than the rest of the gateway. That span puts
            // itself into the headers too, where the provider may know of it: ProviderOptions.PropagateTrace.
            ActivityHeadersPropagator = null,
        };
        Http = new HttpMessageInvoker(_connections, disposeHandler: false);
    }

    public string Name { get; }

    public string Kind { get; }

    /// <summary>As OpenTelemetry's conventions call it, where they have a name for it: <c>gen_ai.provider.name</c>.</summary>
    public string ConventionName { get; }

    public ProviderOptions Options { get; }

    /// <summary>Whether it keeps responses, to be gone on from and asked for again.</summary>
    public bool KeepsResponses => Format.Speaks(Requests.Operation.Responses, Options);

    public WireFormat Format { get; }

    /// <summary>Ends with a slash.</summary>
    public Uri BaseUrl { get; }

    public IReadOnlySet<string> DropFields { get; }

    public ProviderLimits Limits { get; }

    /// <summary>What it is called with instead of a key; <see langword="null"/> for a key.</summary>
    public ProviderCredential? Credential { get; }

    /// <summary>Whether something secret goes with its calls.</summary>
    public bool HasSecret => Options.Credential != ProviderCredential.Key || Limits.Keys.Span[0].Secret is not null;

    /// <summary>The models that have been asked for, or stand in a route.</summary>
    public IEnumerable<Candidate> Candidates => _candidates.Values;

    /// <summary>
    /// False after a background probe found nobody there or was refused its key, until a call or a probe is answered again.
    /// </summary>
    public bool IsReachable { get; private set; } = true;

    /// <summary>Since it was last heard of.</summary>
    public TimeSpan SilentFor => _time.GetElapsedTime(Volatile.Read(ref _lastHeard));

    /// <summary>
    /// Whether calls are let through to one of the models that have been called, or none has been called yet; models that callers made up
    /// say nothing.
    /// </summary>
    public bool IsAvailable
    {
        get
        {
            Candidate[] called = [.. _candidates.Values.Where(candidate => candidate is { IsKnown: true, WasCalled: true })];
            return IsReachable && Limits.CoolingFor == TimeSpan.Zero
                && (called.Length == 0 || called.Any(candidate => candidate.Gate.IsAvailable));
        }
    }

    public HttpMessageInvoker Http { get; }

    /// <summary>Notes that it answered a call or a probe, or did not answer a probe.</summary>
    public void Heard(bool reachable)
    {
        Volatile.Write(ref _lastHeard, _time.GetTimestamp());
        if (IsReachable != reachable)
        {
            IsReachable = reachable;
        }
    }

    /// <summary>Adds the key, and whatever else every request has. They were checked with the configuration: they can stand in a header.</summary>
    /// <param name="message">Receives them; its address and body are what they will be.</param>
    /// <param name="key">Which of the provider's.</param>
    /// <param name="isStream">Whether events are asked for; whole or failed, an answer is JSON.</param>
    /// <param name="cancellationToken">Ends the wait for a credential.</param>
    /// <exception cref="CredentialException">There is nothing to be let in by.</exception>
    public ValueTask WriteHeadersAsync(HttpRequestMessage message, ProviderKey key, bool isStream, CancellationToken cancellationToken)
    {
        message.Headers.TryAddWithoutValidation("Accept", isStream ? Format.StreamTypes : "application/json");
        foreach (var (name, value) in _headers[key.Index])
        {
            message.Headers.TryAddWithoutValidation(name, value);
        }

        return Credential?.WriteAsync(message, key.Secret, cancellationToken) ?? default;
    }

    /// <summary>What the provider says, without any of our keys: some quote the one they refuse.</summary>
    public string Redact(string text)
    {
        foreach (var secret in _secrets)
        {
            text = Redaction.Of(text, secret);
        }

        return text;
    }

    /// <summary>The one candidate for a model of this provider.</summary>
    public Candidate CandidateOf(string model)
    {
        if (_candidates.TryGetValue(model, out var known))
        {
            return known.Asked();
        }

        MakeRoom();
        return _candidates.GetOrAdd(model, static (name, provider) => new Candidate(provider, name, provider._time), this).Asked();
    }

    /// <summary>Asks whether one more model that was not configured, and has answered, may be told apart from the others.</summary>
    public bool TryRemember() => Interlocked.Increment(ref _answered) <= MostAnswered;

    /// <summary>
    /// Forgets the tenth that was longest not asked for when there are too many; those without an answer first, configured ones never.
    /// </summary>
    private void MakeRoom()
    {
        if (_candidates.Count < MostCandidates)
        {
            return;
        }

        lock (_eviction)
        {
            var surplus = _candidates.Count - MostCandidates + MostCandidates / 10;
            foreach (var candidate in _candidates.Values.Where(candidate => !candidate.IsConfigured)
                .OrderBy(candidate => candidate.HasAnswered).ThenBy(candidate => candidate.LastAsked).Take(surplus).ToArray())
            {
                _candidates.TryRemove(KeyValuePair.Create(candidate.Model, candidate));
            }
        }
    }

    public void Dispose()
    {
        Http.Dispose();
        _connections.Dispose();
        Limits.Dispose();
        Credential?.Dispose();
    }
}
