using System.Runtime.CompilerServices;

namespace NativeBuffers.Instrumented.Tracking;

/// <summary>Allocates at one line, to which two ways lead, and prints folded stacks.</summary>
internal static class FoldedCalls
{
    public static void Run(string[] arguments)
    {
        _ = arguments;
        using NativeMemoryOwner<byte> first = Left();
        using NativeMemoryOwner<byte> second = Right();
        Console.Write(NativeMemoryTracker.TakeSnapshot().ToFoldedStacks());
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static NativeMemoryOwner<byte> Left() => Make(100);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static NativeMemoryOwner<byte> Right() => Make(20);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static NativeMemoryOwner<byte> Make(int length) => NativeMemoryOwner<byte>.Create(length);
}
