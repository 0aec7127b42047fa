using System.Runtime.CompilerServices;

namespace NativeBuffers.CodeGen.Loops;

/// <summary>No loop: a buffer comes, is touched, and goes.</summary>
public static class CreateAndDispose
{
    public static void Run() => Ours(100);

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void Ours(int length)
    {
        using var buffer = NativeBuffer.CreateUninitialized<int>(length);
        buffer[0] = 1;
    }
}
