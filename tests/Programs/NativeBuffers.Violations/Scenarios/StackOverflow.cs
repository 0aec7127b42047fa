using System.Runtime.CompilerServices;

namespace NativeBuffers.Violations;

/// <summary>Calls itself until the stack is full.</summary>
public sealed class StackOverflow : Scenario
{
    public override void Run(NativeAllocator allocator)
    {
        using var buffer = NativeBuffer.Create<byte>(100, allocator);
        Console.WriteLine(Deeper(1));
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int Deeper(int depth) => depth == 0 ? 0 : Deeper(depth + 1) + depth;
}
