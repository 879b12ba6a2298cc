namespace MasterX.AiGateway.Translation.Vocabulary;

/// <summary>How much a model is to think before it answers, in the words the caller used: one of the two, or neither for "as it likes".</summary>
/// <param name="Effort"><c>none</c>, <c>minimal</c>, <c>low</c>, <c>medium</c>, <c>high</c>, <c>xhigh</c> or <c>max</c>.</param>
/// <param name="Budget">Tokens at most; 0 for none at all.</param>
/// <param name="IsShown">Whether the caller wants to see the thoughts, or their summary; <see langword="null"/> when nothing was said of it.</param>
internal sealed record Thinking(string? Effort = null, int? Budget = null, bool? IsShown = null);
