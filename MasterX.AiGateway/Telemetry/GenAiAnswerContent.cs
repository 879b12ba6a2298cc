using System.Diagnostics;
using System.Text.Json;
using MasterX.AiGateway.Requests;
using static MasterX.AiGateway.Telemetry.GenAiJson;

namespace MasterX.AiGateway.Telemetry;

/// <summary>
/// A whole answer, in the caller's format, as attributes: <c>gen_ai.response.*</c> always, <c>gen_ai.output.messages</c> where content is
/// captured.
/// </summary>
internal static class GenAiAnswerContent
{
    private const int LongestText = 256;

    /// <summary>More choices than any provider gives.</summary>
    private const int MostChoices = 128;

    public static void Describe(Activity activity, JsonElement answer, Operation operation, bool isOpenAi, bool captures)
    {
        DescribeAuthor(activity, answer, isOpenAi);
        if (operation == Operation.Responses)
        {
            DescribeResponse(activity, answer, captures);
        }
        else if (operation == Operation.Messages)
        {
            GenAiMessagesContent.DescribeAnswer(activity, answer, captures);
        }
        else if (operation == Operation.Chat)
        {
            DescribeChoices(activity, answer, captures);
        }
    }

    /// <summary>Which model answered, and how it named the answer; of an embedding there is no name.</summary>
    public static void DescribeAuthor(Activity activity, JsonElement answer, bool isOpenAi)
    {
        Set(activity, "gen_ai.response.id", Text(answer, "id"u8));
        Set(activity, "gen_ai.response.model", Text(answer, "model"u8));
        if (isOpenAi)
        {
            Set(activity, "openai.response.service_tier", Text(answer, "service_tier"u8));
            Set(activity, "openai.response.system_fingerprint", Text(answer, "system_fingerprint"u8));
        }
    }

    public static void DescribeResponse(Activity activity, JsonElement response, bool captures)
    {
        var reason = GenAiResponsesContent.FinishReason(response);
        activity.SetTag("gen_ai.response.finish_reasons", new[] { reason });
        if (captures)
        {
            using var output = new GenAiContentWriter();
            GenAiResponsesContent.WriteOutput(output, response, GenAiChatContent.FinishReason(reason));
            activity.SetTag("gen_ai.output.messages", output.ToString());
        }
    }

    private static void DescribeChoices(Activity activity, JsonElement answer, bool captures)
    {
        List<string> reasons = [];
        using var output = new GenAiContentWriter();
        foreach (var choice in Elements(answer, "choices"u8))
        {
            if (reasons.Count == MostChoices)
            {
                break;
            }

            reasons.Add(Text(choice, "finish_reason"u8) is { } reason ? BoundedJsonArray.Cut(reason, LongestText) : "error");
            if (captures && !output.IsFull)
            {
                GenAiChatContent.WriteChoice(output, choice);
            }
        }

        activity.SetTag("gen_ai.response.finish_reasons", reasons.ToArray());
        if (captures)
        {
            activity.SetTag("gen_ai.output.messages", output.ToString());
        }
    }

    private static void Set(Activity activity, string name, string? value)
    {
        if (value is { Length: > 0 })
        {
            activity.SetTag(name, BoundedJsonArray.Cut(value, LongestText));
        }
    }
}
