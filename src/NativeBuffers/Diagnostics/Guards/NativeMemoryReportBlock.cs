using NativeBuffers.Diagnostics.Guards;

namespace NativeBuffers;

/// <summary>A guarded block, as a <see cref="NativeMemoryReport"/> tells of it.</summary>
public sealed class NativeMemoryReportBlock
{
    internal NativeMemoryReportBlock(GuardedBlock record)
    {
        Record = record;
        Address = (nuint)record.Start;
        ByteCount = (long)record.ByteCount;
        IsFreed = record.State == GuardedBlockState.Freed;
        Allocator = record.Allocator.ToString();
        AllocatedAt = record.AllocatedAt.ToString();
        FreedAt = IsFreed ? record.FreedAt.ToString() : string.Empty;
        Serial = record.Serial;
        AllocatedByThread = record.Thread;
        FreedByThread = record.FreedByThread;
    }

    /// <summary>Where it started.</summary>
    public nuint Address { get; }

    /// <summary>Its size in bytes, as it was asked for.</summary>
    public long ByteCount { get; }

    /// <summary>Whether it was given back.</summary>
    public bool IsFreed { get; }

    /// <summary>The name of its allocator.</summary>
    public string Allocator { get; }

    /// <summary>The line at which it was asked for, as <c>File.cs:12</c>; <c>(unknown)</c> if nobody has noted it.</summary>
    public string AllocatedAt { get; }

    /// <summary>The line at which it was given back; empty if it was not.</summary>
    public string FreedAt { get; }

    /// <summary>Counts the guarded blocks of the process, from 1.</summary>
    public long Serial { get; }

    /// <summary>The managed number of the thread that asked for it.</summary>
    public int AllocatedByThread { get; }

    /// <summary>The managed number of the thread that gave it back; 0 if none.</summary>
    public int FreedByThread { get; }

    internal GuardedBlock Record { get; }
}
