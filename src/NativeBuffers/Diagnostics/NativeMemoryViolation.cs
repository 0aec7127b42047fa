namespace NativeBuffers;

/// <summary>A wrong use of memory that a guard found: see <see cref="GuardMode"/>.</summary>
/// <remarks>A violation is immutable, and may be kept. The block may be gone.</remarks>
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

    /// <summary>The kind of wrong use.</summary>
    public NativeMemoryViolationKind Kind { get; }

    /// <summary>The address of the block; for information only, because the block may be gone.</summary>
    public nuint Address { get; }

    /// <summary>The requested size of the block in bytes; 0 if it is unknown.</summary>
    public long ByteCount { get; }

    /// <summary>The line that allocated the block, as <c>File.cs:12</c>; <c>(unknown)</c> if the line is unknown.</summary>
    public string AllocatedAt { get; }

    /// <summary>The line that first freed the block, as <c>File.cs:20</c>, or how it was freed; empty if it was not freed.</summary>
    public string FreedAt { get; }

    /// <summary>The violation in plain words, with both lines.</summary>
    public string Message { get; }

    /// <summary>The <see cref="Message"/>.</summary>
    public override string ToString() => Message;
}
