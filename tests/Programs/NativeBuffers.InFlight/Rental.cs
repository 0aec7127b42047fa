using System.Buffers;
using NativeBuffers.Tests.TestKit;

namespace NativeBuffers.InFlight;

/// <summary>Memory to receive into, and a way to see its next users.</summary>
internal abstract class Rental : IDisposable
{
    public const int Length = 4096;

    protected PoisoningAllocator Allocator { get; } = new(keepsFreed: true);

    /// <exception cref="ObjectDisposedException">It was given back.</exception>
    public abstract Memory<byte> Memory { get; }

    /// <summary>Keeps it for input in flight.</summary>
    public abstract IMemoryOwner<byte> Retain();

    /// <summary>Whether the block is free: for the allocator, or for the pool's next renter.</summary>
    public abstract bool IsGivenBack { get; }

    /// <summary>Whether later owners find their own bytes, and no thread wrote to free memory.</summary>
    public virtual bool AreOthersUntouched => Allocator.IsFreedMemoryUntouched;

    public abstract void GiveBack();

    /// <summary>Later owners take memory, and the same block if they can.</summary>
    public abstract void LetOthersIn();

    public void Dispose() => Allocator.Dispose();
}
