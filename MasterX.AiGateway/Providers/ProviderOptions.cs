using System.ComponentModel.DataAnnotations;
using MasterX.AiGateway.Providers.Credentials;
using MasterX.AiGateway.Providers.Keys;

namespace MasterX.AiGateway.Providers;

/// <summary>An AI provider; section <c>Gateway:Providers:{name}</c>. What is not set has the built-in value of <see cref="BuiltInProviders"/>, else the default given here.</summary>
public sealed class ProviderOptions
{
    /// <summary>The wire format it speaks.</summary>
    /// <value><c>openai</c> (default), <c>gemini</c>, <c>anthropic</c>, <c>azure</c>, <c>bedrock</c>, <c>vertex</c>.</value>
    public string? Kind { get; set; }

    /// <summary>
    /// Where its API begins: up to and including <c>/v1</c> for OpenAI-compatible ones, the resource's endpoint for Azure, without any path
    /// for Vertex AI and Bedrock. HTTPS, or HTTP to this machine; HTTP elsewhere with <see cref="AllowInsecure"/>.
    /// </summary>
    /// <value>Required but of built-in providers, of Vertex AI, whose <see cref="Location"/> tells it, and of Bedrock: <see cref="Region"/>.</value>
    public string? BaseUrl { get; set; }

    /// <summary>
    /// Whether <see cref="BaseUrl"/> may be HTTP to another machine, where everything can be read on the way: for a model server in the same
    /// cluster or network. A key sent so is warned about at the start.
    /// </summary>
    /// <value>False unless set.</value>
    public bool AllowInsecure { get; set; }

    /// <summary>
    /// Whether it is reached through the proxy that <c>HTTPS_PROXY</c>, <c>HTTP_PROXY</c> or <c>ALL_PROXY</c> names, but for the hosts in
    /// <c>NO_PROXY</c>. A provider on this machine never is.
    /// </summary>
    /// <value>True unless set.</value>
    public bool UseProxy { get; set; } = true;

    /// <summary>Of Azure OpenAI: the version of the API.</summary>
    /// <value>
    /// <c>2024-10-21</c> unless set; <c>v1</c>, which has the newest models and keeps responses, or a dated version. A model is a deployment's
    /// name.
    /// </value>
    public string? ApiVersion { get; set; }

    /// <summary>Of Vertex AI: the project that is asked and billed, by its id or number.</summary>
    /// <value>Required but for a key in express mode, which has Gemini's models alone.</value>
    public string? Project { get; set; }

    /// <summary>Of Vertex AI: where the models run.</summary>
    /// <value><c>global</c> unless set; a region such as <c>europe-west1</c>, or <c>us</c> or <c>eu</c> for any of its regions.</value>
    public string? Location { get; set; }

    /// <summary>Of Amazon Bedrock: the region that is called, <c>eu-central-1</c>; its inference profiles may use others.</summary>
    /// <value>Required.</value>
    public string? Region { get; set; }

    /// <summary>What the provider lets us in by.</summary>
    /// <value>
    /// <c>key</c> (default); of Azure OpenAI also <c>entra</c>, a token of Microsoft Entra ID for the machine's identity; of Vertex AI also
    /// <c>google</c>, a token by Google's application default credentials or <see cref="CredentialFile"/>; of Bedrock also <c>aws</c>, the keys
    /// that AWS's own tools would find. None of the three is in the native build.
    /// </value>
    public string Credential { get; set; } = ProviderCredential.Key;

    /// <summary>With <see cref="Credential"/> <c>google</c>: the file of a service account's key or of workload identity federation.</summary>
    /// <value>The machine's application default credentials unless set.</value>
    public string? CredentialFile { get; set; }

    /// <summary>
    /// Sent to this provider alone. A built-in provider at its public address is left out without one; any other is called without one, as a
    /// local model server expects. Of Bedrock either an API key, or <c>ACCESS_KEY_ID:SECRET_ACCESS_KEY</c> with <c>:SESSION_TOKEN</c> behind it
    /// perhaps, by which calls are signed.
    /// </summary>
    public string? ApiKey { get; set; }

    /// <summary>
    /// Several keys, instead of <see cref="ApiKey"/>, each with its own limits. The turns of one conversation stay on one key; what is
    /// wrong with a key (refused, out of credit, at a limit) has the next one tried at once, before the next candidate.
    /// </summary>
    /// <value>None unless set; 64 at most.</value>
    public IList<ProviderKeyOptions> ApiKeys { get; } = [];

    /// <summary>Whose prices in the catalogue are its own.</summary>
    /// <value>
    /// Unless set, those of the host in <see cref="BaseUrl"/>; where that is not known, those of the <see cref="Kind"/>, or of an OpenAI-compatible
    /// provider those of its name, if the catalogue has it. <c>none</c> for a server of one's own, whose models are called like somebody's.
    /// </value>
    public string? PricesOf { get; set; }

    /// <summary>The model used when a request or route names none.</summary>
    public string? DefaultModel { get; set; }

    /// <summary>A model for embeddings, which callers may then ask for by its bare name.</summary>
    public string? EmbeddingModel { get; set; }

    /// <summary>Top-level request fields this provider refuses; they are left out of what is sent to it.</summary>
    public IList<string> DropFields { get; } = [];

    /// <summary>Whether a stream is asked to end with its usage even when the caller does not ask, so that it can be accounted.</summary>
    /// <value>
    /// True unless set, but for a dated version of Azure's that has no <c>stream_options</c>, and for Mistral, which tells unasked; false for a server that refuses them, whose
    /// streams are then estimated.
    /// </value>
    public bool? StreamUsage { get; set; }

    /// <summary>
    /// Of an OpenAI-compatible provider: whether it has OpenAI's Responses API too. Where it has not, responses are translated to chat
    /// completions, and none is kept.
    /// </summary>
    /// <value>True unless set.</value>
    public bool ResponsesApi { get; set; } = true;

    /// <summary>How its models go on with an answer that another one began, on a route that resumes.</summary>
    /// <value>
    /// <c>ask</c>: a user's turn behind the answer so far asks for the rest, in the words of <see cref="GatewayOptions.ResumePrompt"/>;
    /// <c>prefill</c>: the conversation ends with the answer so far; <c>prefix</c>: the same, marked with <c>"prefix": true</c> (Mistral,
    /// DeepSeek's beta); <c>continue_final_message</c>: the same, marked as vLLM and SGLang want it; <c>none</c>: they cannot. Unless set,
    /// what is known of the model: <c>prefill</c> for Claude up to 4.5 and Groq, <c>prefix</c> for Mistral, else <c>ask</c>.
    /// </value>
    public string? Continuation { get; set; }

    /// <summary>The same for single models, by name.</summary>
    public IDictionary<string, string> Continuations { get; } = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);

    /// <summary>
    /// Of an OpenAI-compatible provider: the member of an assistant's message in which what its model thought goes back to it, when it comes from
    /// a caller who speaks another format. Unless set, the one it was seen to answer with.
    /// </summary>
    /// <value><c>none</c>, <c>reasoning_content</c>, <c>reasoning</c> or <c>reasoning_details</c>.</value>
    public string? ThoughtField { get; set; }

    /// <summary>Calls per sliding minute, with each key.</summary>
    /// <value>60 unless set; 0 for no limit.</value>
    [Range(0, 1_000_000_000)]
    public int RequestsPerMinute { get; set; } = 60;

    /// <summary>Tokens per sliding minute with each key, input and output together: estimated before a call, settled with the provider's own count after it.</summary>
    /// <value>0, the default, for no limit.</value>
    [Range(0, 1_000_000_000_000)]
    public long TokensPerMinute { get; set; }

    /// <summary>Calls under way at once, with each key.</summary>
    /// <value>0, the default, for no limit.</value>
    [Range(0, 1_000_000)]
    public int MaxConcurrency { get; set; }

    /// <summary>
    /// Whether calls carry the trace they belong to (<c>traceparent</c> and <c>tracestate</c>,
    /// <see href="https://www.w3.org/TR/trace-context/"/>), so that the provider's spans continue it: for one that reports to the same
    /// place, such as a model server of one's own.
    /// </summary>
    /// <value>False unless set: an outsider learns nothing of our trace. No header of any kind tells of it then.</value>
    public bool PropagateTrace { get; set; }

    /// <summary>For a connection, TLS included.</summary>
    /// <value>5 s unless set; more than 0.</value>
    public TimeSpan ConnectTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>From sending to the first byte of the answer. The first byte of a whole answer comes with its last token, minutes later perhaps.</summary>
    /// <value>Unless set, 60 s for streams, and for whole answers as long as <see cref="TotalTimeout"/>; more than 0.</value>
    public TimeSpan? FirstByteTimeout { get; set; }

    /// <summary>
    /// From sending to the first content of a stream: a text, a thought, a call. Comments, pings and roles are signs of life, and none of an
    /// answer; a model that thinks in silence sends nothing else for a minute or more.
    /// </summary>
    /// <value>3 min unless set; more than 0.</value>
    public TimeSpan FirstContentTimeout { get; set; } = TimeSpan.FromMinutes(3);

    /// <summary>Between two reads of an answer, once it has content.</summary>
    /// <value>60 s unless set; more than 0.</value>
    public TimeSpan IdleTimeout { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>For one attempt, from sending to the last byte.</summary>
    /// <value>5 min unless set; more than 0.</value>
    public TimeSpan TotalTimeout { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>When to leave the provider alone after failures.</summary>
    public CircuitOptions Circuit { get; set; } = new();

    /// <summary>How long the first byte is waited for.</summary>
    internal TimeSpan FirstByteOf(bool stream) => FirstByteTimeout ?? (stream ? TimeSpan.FromSeconds(60) : TotalTimeout);

    /// <summary><see cref="StreamUsage"/>, or what goes for its kind.</summary>
    internal bool AsksStreamUsage => StreamUsage ?? (Kind == "azure" ? AzureWireFormat.IsRecent(this) : BaseUrl?.Contains(".mistral.ai", StringComparison.OrdinalIgnoreCase) != true);

    /// <summary>Of <see cref="ApiKeys"/>.</summary>
    internal const int MostKeys = 64;

    /// <summary>Whether it is a built-in provider at its public address.</summary>
    internal bool IsPublicService { get; set; }

    /// <summary>Whether another configuration asks for the same provider, so that the running one can stay.</summary>
    internal bool IsSameAs(ProviderOptions other) =>
        (Kind, BaseUrl, ApiKey, DefaultModel, EmbeddingModel) == (other.Kind, other.BaseUrl, other.ApiKey, other.DefaultModel, other.EmbeddingModel)
        && (ApiVersion, ThoughtField, Project, Location, Region, Credential, CredentialFile)
            == (other.ApiVersion, other.ThoughtField, other.Project, other.Location, other.Region, other.Credential, other.CredentialFile)
        && (AllowInsecure, UseProxy) == (other.AllowInsecure, other.UseProxy)
        && (StreamUsage, ResponsesApi, PropagateTrace, RequestsPerMinute, TokensPerMinute, MaxConcurrency)
            == (other.StreamUsage, other.ResponsesApi, other.PropagateTrace, other.RequestsPerMinute, other.TokensPerMinute, other.MaxConcurrency)
        && (ConnectTimeout, FirstByteTimeout, FirstContentTimeout, IdleTimeout, TotalTimeout)
            == (other.ConnectTimeout, other.FirstByteTimeout, other.FirstContentTimeout, other.IdleTimeout, other.TotalTimeout)
        && (Circuit.FailureRatio, Circuit.MinimumThroughput, Circuit.SamplingDuration, Circuit.BreakDuration) == (other.Circuit.FailureRatio, other.Circuit.MinimumThroughput, other.Circuit.SamplingDuration, other.Circuit.BreakDuration)
        && (Continuation, PricesOf) == (other.Continuation, other.PricesOf)
        && Continuations.Count == other.Continuations.Count && Continuations.All(pair => other.Continuations.TryGetValue(pair.Key, out var value) && value == pair.Value)
        && DropFields.SequenceEqual(other.DropFields)
        && ApiKeys.Count == other.ApiKeys.Count && ApiKeys.Zip(other.ApiKeys).All(pair => pair.First.IsSameAs(pair.Second));
}

/// <summary>
/// The circuit breaker of a provider. It opens when, within <see cref="SamplingDuration"/>, at least <see cref="MinimumThroughput"/> calls were made and
/// <see cref="FailureRatio"/> of them failed; after <see cref="BreakDuration"/> one call is let through, and its outcome closes or reopens the circuit.
/// </summary>
public sealed class CircuitOptions
{
    /// <summary>Share of failed calls that opens the circuit.</summary>
    /// <value>0.5 unless set; more than 0, at most 1.</value>
    [Range(0.01, 1.0)]
    public double FailureRatio { get; set; } = 0.5;

    /// <summary>Fewer calls than this decide nothing.</summary>
    /// <value>10 unless set; 2 or more.</value>
    [Range(2, 1_000_000)]
    public int MinimumThroughput { get; set; } = 10;

    /// <summary>How far back calls count.</summary>
    /// <value>30 s unless set; 0.5 s to 1 day.</value>
    public TimeSpan SamplingDuration { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How long the provider is left alone.</summary>
    /// <value>5 s unless set; 0.5 s to 1 day.</value>
    public TimeSpan BreakDuration { get; set; } = TimeSpan.FromSeconds(5);
}
