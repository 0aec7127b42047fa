using System.Diagnostics.CodeAnalysis;

namespace NativeBuffers.Violations;

/// <summary>Disposes variables twice, and copies whose block moved to another owner, which is right and frees nothing.</summary>
[SuppressMessage("Ownership", "NB0005", Justification = "Guards must not report the disposals of these copies.")]
public sealed class DisposedRightly : Scenario
{
    public override void Run(NativeAllocator allocator)
    {
        for (int i = 0; i < 100; i++)
        {
            DisposeAgain(allocator);
            Move(allocator);
            Convert(allocator);
            DisposeLists();
            DisposeWrapper(allocator);
        }
    }

    [SuppressMessage("Ownership", "NB0003", Justification = "Guards must not report these disposals.")]
    private static void DisposeAgain(NativeAllocator allocator)
    {
        using var declared = NativeBuffer.Create<byte>(64, allocator);
        declared.Dispose();
        declared.Dispose();

        NativeBuffer<byte> none = default;
        NativeBuffer<byte> copy = none;
        none.Dispose();
        copy.Dispose();
    }

    private static void Move(NativeAllocator allocator)
    {
        var buffer = NativeBuffer.Create<byte>(64, allocator);
        using (buffer)
        {
            using NativeBuffer<byte> moved = buffer.Move();
            buffer.Dispose();
        }
    }

    private static void Convert(NativeAllocator allocator)
    {
        var buffer = NativeBuffer.Create<byte>(64, allocator);
        using (buffer)
        {
            using NativeMemoryOwner<byte> owner = buffer.ToOwner();
        }
    }

    [SuppressMessage("Ownership", "NB0003", Justification = "Guards must not report these disposals.")]
    private static void DisposeLists()
    {
        using var grown = new ScratchList<byte>([]);
        grown.Add(1);
        grown.Dispose();
        grown.Dispose();

        var onStack = new ScratchList<byte>(stackalloc byte[8]);
        ScratchList<byte> copy = onStack;
        onStack.Dispose();
        copy.Dispose();
    }

    private static void DisposeWrapper(NativeAllocator allocator)
    {
        using var wrapper = new Wrapper(allocator);
        wrapper.Dispose();
    }

    /// <summary>The field is copied for each call.</summary>
    private readonly ref struct Wrapper(NativeAllocator allocator)
    {
        private readonly NativeBuffer<byte> _buffer = NativeBuffer.Create<byte>(64, allocator);

        public void Dispose() => _buffer.Dispose();
    }
}
