using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using MasterX.AiGateway.Providers;
using MasterX.AiGateway.Translation.Vocabulary;
using static MasterX.AiGateway.Translation.JsonFields;

namespace MasterX.AiGateway.Translation.Requests;

/// <summary>
/// Tools of OpenAI's Responses API: functions, freeform tools, the local shell, groups of them. Each becomes a function, and is remembered
/// by what its caller calls it, for the answer. Tools that OpenAI runs itself are <see cref="HostedTools"/>.
/// </summary>
internal sealed class ResponsesTools
{
    private const string Where = "tools";

    /// <summary>Of a function's name, in the formats that allow least.</summary>
    private const int LongestName = 64;

    private readonly Dictionary<string, CallerTool> _named = new(StringComparer.Ordinal);

    /// <summary>What the model may call.</summary>
    public List<ToolDefinition> Functions { get; } = [];

    /// <summary>What OpenAI runs itself.</summary>
    public List<JsonElement> Hosted { get; } = [];

    /// <summary>Names of what was not read.</summary>
    public List<string> Ignored { get; } = [];

    /// <summary>What the caller calls those that are not simply functions.</summary>
    public CallerTools ByFunction => _named.Count == 0 ? CallerTools.Plain : new(_named);

    /// <param name="tools">An array.</param>
    /// <exception cref="UntranslatableRequestException">Something in it is of another type than the format has there, or of a kind that no other format has.</exception>
    public void Add(JsonElement tools)
    {
        foreach (var tool in ArrayOf(tools, Where))
        {
            Add(ObjectOf(tool, Where), group: null);
        }
    }

    /// <summary>The name of the function that stands for a tool of a group.</summary>
    public static string FunctionOf(string? group, string name)
    {
        if (group is null)
        {
            return name;
        }

        var joined = group.EndsWith('_') ? group + name : $"{group}__{name}";
        var tidy = string.Concat(joined.Select(sign => char.IsAsciiLetterOrDigit(sign) || sign is '_' or '-' ? sign : '_'));
        return tidy.Length <= LongestName && tidy == joined ? tidy
            : $"{tidy[..Math.Min(tidy.Length, LongestName - 9)]}_{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(joined)))[..8]}";
    }

    private void Add(JsonElement tool, string? group)
    {
        switch (tool.Text("type"))
        {
            case "function":
                TellUnread(tool, Where, Ignored, "type", "name", "description", "parameters", "strict");
                Functions.Add(new ToolDefinition(
                    Name(tool, group, ToolShape.Function), tool.Text("description"), tool.Field("parameters") is { } schema ? ObjectOf(schema, Where) : null,
                    tool.Field("strict") is { } strict ? TruthOf(strict, Where) : null));
                break;
            case "custom":
                Functions.Add(FreeformTool.Read(tool, Name(tool, group, ToolShape.Freeform), Where, Ignored));
                break;
            case ShellTool.Name:
                _named[ShellTool.Name] = new CallerTool(ToolShape.Shell, ShellTool.Name);
                Functions.Add(ShellTool.Definition);
                break;
            case "namespace" when group is null:
                AddGroup(tool);
                break;
            case var type when HostedTools.Knows(type):
                Hosted.Add(tool);
                break;
            case var type:
                throw new UntranslatableRequestException($"A tool of type '{type}' is run by OpenAI itself, and no other provider has it; only functions can be said in another format.", Where);
        }
    }

    /// <summary>The first of the group tells what the group is, as no other format has groups.</summary>
    private void AddGroup(JsonElement group)
    {
        TellUnread(group, Where, Ignored, "type", "name", "description", "tools");
        var first = Functions.Count;
        foreach (var tool in group.Elements("tools"))
        {
            Add(ObjectOf(tool, Where), RequiredText(group, "name", Where));
        }

        if (Functions.Count > first && group.Text("description") is { Length: > 0 } description)
        {
            Functions[first] = Functions[first] with { Description = $"{description}\n\n{Functions[first].Description}".TrimEnd() };
        }
    }

    private string Name(JsonElement tool, string? group, ToolShape shape)
    {
        var name = RequiredText(tool, "name", Where);
        var function = FunctionOf(group, name);
        if (shape != ToolShape.Function || group is not null)
        {
            _named[function] = new CallerTool(shape, name, group);
        }

        return function;
    }
}
