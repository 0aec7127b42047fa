using NativeBuffers.Platform.Shared;

namespace NativeBuffers.Diagnostics.Guards;

/// <summary>What a report begins with. Records follow at <see cref="ByteCount"/>: those of samples, then those of all other blocks.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct GuardReportHeader
{
    /// <summary>How many bytes it takes, most of them unused.</summary>
    public const int ByteCount = 4096;

    /// <summary>The first eight bytes: <c>NBGUARD2</c>, the last digit is the version of the layout.</summary>
    public const ulong Signature = 0x3244_5241_5547_424E;

    public ulong SignatureFound;

    public int RecordByteCount;

    public int ProcessId;

    public int SampleCount;

    /// <summary>How many records of other blocks the file has room for by now.</summary>
    public int MappingCount;

    /// <summary>How many blocks could not be guarded, though they should have been.</summary>
    public long UnguardedCount;

    /// <summary>When the process began to guard: ticks, UTC.</summary>
    public long StartedAt;

    /// <summary>Not 0 if <see cref="FaultAccess"/> says anything.</summary>
    public int KnowsAccess;

    private readonly int _padding;

    /// <summary>The last fault: four words, which <see cref="SystemFaults"/> explains. No fault while the address is 0.</summary>
    public ulong FaultAddress;

    public ulong FaultAccess;

    public ulong FaultInstruction;

    public ulong FaultSignal;

    /// <summary>The program.</summary>
    public GuardText Program;
}
