using NativeBuffers.Diagnostics.Guards;

namespace NativeBuffers;

/// <summary>A guarded block in a <see cref="NativeMemoryReport"/>.</summary>
public sealed class NativeMemoryReportBlock
{
    private readonly GuardedBlock _record;

    internal NativeMemoryReportBlock(in GuardedBlock record) => _record = record;

    /// <summary>The address of the first byte.</summary>
    public nuint Address => (nuint)_record.Start;

    /// <summary>The requested size in bytes.</summary>
    public long ByteCount => (long)_record.ByteCount;

    /// <summary>Whether the block was freed.</summary>
    public bool IsFreed => _record.State == GuardedBlock.Use.Freed;

    /// <summary>The name of its allocator.</summary>
    public string Allocator => _record.Allocator.ToString();

    /// <summary>The line that allocated the block, as <c>File.cs:12</c>; <c>(unknown)</c> if the line is unknown.</summary>
    public string AllocatedAt => _record.AllocatedAt.ToString();

    /// <summary>The line that freed the block; empty if the block was not freed.</summary>
    public string FreedAt => IsFreed ? _record.FreedAt.ToString() : string.Empty;

    /// <summary>The number of the block among the guarded blocks of its process, from 1.</summary>
    public long Serial => _record.Serial;

    /// <summary>The managed number of the thread that allocated the block.</summary>
    public int AllocatedByThread => _record.Thread;

    /// <summary>The managed number of the thread that freed the block; 0 if the block was not freed.</summary>
    public int FreedByThread => _record.FreedByThread;

    internal ref readonly GuardedBlock Record => ref _record;
}
