namespace MasterX.AiGateway.Providers.Classification;

/// <summary>
/// An account without credit, in the words of providers that give the code of a faulty request for it. They stop a key for minutes, so they
/// count at the very beginning of a message only, where nobody's quoted words can stand.
/// </summary>
internal static class CreditWords
{
    public static readonly IReadOnlyList<Words> All =
    [
        new("Your credit balance is too low"),                           // Anthropic
        new("You have reached your specified API usage limits"),         // Anthropic
        new("You have reached your specified workspace API usage limits"),
        new("This organization has been disabled"),                      // Anthropic
        new("Insufficient Balance"),                                     // DeepSeek
        new("Insufficient credits"),                                     // OpenRouter
        new("Insufficient funds"),
        new("Your account is not active, please check your billing"),    // OpenAI
        new("Billing hard limit has been reached"),                      // OpenAI
        new("You have exceeded your monthly included credits"),          // Hugging Face
        new("Credit limit exceeded"),                                    // Together
        new("Your account", "suspended"),                                // Moonshot
        new("Account", "is suspended"),                                  // Fireworks, as 412
    ];
}
