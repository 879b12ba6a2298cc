namespace MasterX.Tests.Hosts;

/// <summary>Tests that read metrics: a meter is heard by every host of the process, so no other test may run beside them.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class MeasuredAlone
{
    public const string Name = "measured alone";
}
