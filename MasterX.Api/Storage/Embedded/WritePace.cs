namespace MasterX.Api.Storage.Embedded;

/// <summary>When a write is acknowledged, and what is waited for until then.</summary>
internal enum WritePace
{
    /// <summary>When it is on the disk: it survives whatever happens to the machine.</summary>
    OnDisk,

    /// <summary>When the operating system has it: it survives the death of this process, and is on the disk with the next that waits for it.</summary>
    Written,
}
