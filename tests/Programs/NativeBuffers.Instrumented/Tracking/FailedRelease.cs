using System.Diagnostics.CodeAnalysis;

namespace NativeBuffers.Instrumented.Tracking;

/// <summary>An owner is to hand its block out, and the allocator throws something else than a lack of memory: then it is disposed.</summary>
internal static class FailedRelease
{
    [SuppressMessage("Ownership", "NB0002", Justification = "Release throws here, and the owner goes on.")]
    public static void Run(string[] arguments)
    {
        var allocator = new Moody();
        using var owner = NativeMemoryOwner<int>.Create(10, allocator);
        owner.GetSpan().Fill(7);
        allocator.Fails = true;
        try
        {
            unsafe
            {
                // SAFETY: nothing is released.
                _ = owner.Release();
            }
        }
        catch (InvalidOperationException refusal)
        {
            Console.WriteLine(refusal.Message);
        }

        allocator.Fails = false;
        Console.WriteLine(owner.GetSpan()[9]);
        owner.Dispose();
        Console.WriteLine(owner.IsDisposed);
    }

    private sealed class Moody() : NativeAllocator("Moody")
    {
        public bool Fails { get; set; }

        protected override unsafe void* AllocateCore(nuint byteCount, nuint alignment, bool zeroed) =>
            Fails ? throw new InvalidOperationException("Not now.") : Malloc.TryAllocate(byteCount, alignment, zeroed);

        protected override unsafe void FreeCore(void* block, nuint byteCount, nuint alignment) =>
            Malloc.Free(block, byteCount, alignment);
    }
}
