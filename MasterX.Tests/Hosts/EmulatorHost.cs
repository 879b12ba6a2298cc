using System.Net.Http.Json;
using System.Text.Json;
using MasterX.ProviderEmulator.Faults;

namespace MasterX.Tests.Hosts;

/// <summary>The provider emulator in this process.</summary>
internal sealed class EmulatorHost() : ServiceHost<Fault>(new Dictionary<string, string?>())
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public string UrlOf(string provider) => new Uri(Address, provider).ToString();

    /// <param name="provider">gemini, groq or openai.</param>
    /// <param name="fault">As <c>PUT /_faults/{provider}</c> takes it.</param>
    public async Task BreakAsync(string provider, object fault)
    {
        using var answer = await Http.PutAsJsonAsync($"/_faults/{provider}", fault, Token);
        answer.EnsureSuccessStatusCode();
    }

    /// <summary>Calls a provider has had.</summary>
    public async Task<long> CallsAsync(string provider)
    {
        var state = await Http.GetFromJsonAsync<JsonElement>("/_faults", Token);
        return state.GetProperty("calls").TryGetProperty(provider, out var count) ? count.GetInt64() : 0;
    }
}
