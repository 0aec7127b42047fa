using System.Runtime.CompilerServices;

namespace NativeBuffers.Violations;

/// <summary>Creates and disposes a buffer where the stack is nearly used up.</summary>
public sealed class StackNearlyFull : Scenario
{
    /// <summary>The bytes to use of the 128 KiB that the runtime keeps free.</summary>
    private const int Used = 68 * 1024;

    public override void Run(NativeAllocator allocator)
    {
        var thread = new Thread(() => Descend(allocator), 1024 * 1024);
        thread.Start();
        thread.Join();
    }

    private static void Descend(NativeAllocator allocator)
    {
        if (RuntimeHelpers.TryEnsureSufficientExecutionStack())
        {
            Descend(allocator);
        }
        else
        {
            Descend(Used, allocator);
        }

        GC.KeepAlive(allocator);
    }

    private static void Descend(int byteCount, NativeAllocator allocator)
    {
        Span<byte> room = stackalloc byte[1024];
        if (byteCount > 0)
        {
            Descend(byteCount - room.Length, allocator);
        }
        else
        {
            using var other = NativeBuffer.Create<byte>(64, allocator);
        }

        room.Clear();
    }
}
