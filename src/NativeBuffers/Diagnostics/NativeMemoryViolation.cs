namespace NativeBuffers;

/// <summary>A wrong use of memory that a guard has found: see <see cref="GuardMode"/>.</summary>
/// <remarks>It cannot change, and may be kept. The memory that it tells of may be gone.</remarks>
public sealed class NativeMemoryViolation
{
    internal NativeMemoryViolation(
        NativeMemoryViolationKind kind, nuint address, long byteCount, string allocatedAt, string freedAt, string message)
    {
        Kind = kind;
        Address = address;
        ByteCount = byteCount;
        AllocatedAt = allocatedAt;
        FreedAt = freedAt;
        Message = message;
    }

    /// <summary>What was done.</summary>
    public NativeMemoryViolationKind Kind { get; }

    /// <summary>Where the block starts; for information, it may be gone.</summary>
    public nuint Address { get; }

    /// <summary>The block's size in bytes, as it was asked for; 0 if that is not known.</summary>
    public long ByteCount { get; }

    /// <summary>The line at which the block was asked for, as <c>File.cs:12</c>; <c>(unknown)</c> if nobody has noted it.</summary>
    public string AllocatedAt { get; }

    /// <summary>The line at which the block was first given back, as <c>File.cs:20</c>, or by whom; empty if it was not.</summary>
    public string FreedAt { get; }

    /// <summary>All of it in plain words, with both lines.</summary>
    public string Message { get; }

    /// <summary>The <see cref="Message"/>.</summary>
    public override string ToString() => Message;
}
