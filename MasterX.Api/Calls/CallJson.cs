using System.Text.Json.Serialization;

namespace MasterX.Api.Calls;

/// <summary>Open calls as the embedded database keeps them.</summary>
[JsonSerializable(typeof(Call))]
internal sealed partial class CallJson : JsonSerializerContext;
