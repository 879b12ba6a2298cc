namespace MasterX.AppHost;

/// <summary>A provider of the gateway's default chain, as the composition knows it; the gateway has its address built in.</summary>
/// <param name="Name">As the gateway calls it.</param>
/// <param name="Title">As people call it.</param>
/// <param name="Url">Where its API is.</param>
/// <param name="KeysUrl">Where keys for it are made.</param>
internal sealed record Provider(string Name, string Title, string Url, string KeysUrl)
{
    /// <summary>In the order in which they are asked.</summary>
    public static readonly IReadOnlyList<Provider> Chain =
    [
        new("gemini", "Gemini", "https://generativelanguage.googleapis.com", "https://aistudio.google.com/apikey"),
        new("groq", "Groq", "https://api.groq.com", "https://console.groq.com/keys"),
        new("openai", "OpenAI", "https://api.openai.com", "https://platform.openai.com/api-keys"),
    ];

    /// <summary>The parameter that holds its key.</summary>
    public string KeyParameter => $"{Name}-api-key";

    /// <summary>In Markdown.</summary>
    public string KeyDescription => $"The key for {Title}, made at [{new Uri(KeysUrl).Host}]({KeysUrl}). Without one the emulator stands in on a developer's machine.";
}
