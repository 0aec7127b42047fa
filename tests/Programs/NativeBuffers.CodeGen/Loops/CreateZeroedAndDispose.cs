using System.Runtime.CompilerServices;

namespace NativeBuffers.CodeGen.Loops;

/// <summary>As <see cref="CreateAndDispose"/>, with zeroed elements.</summary>
public static class CreateZeroedAndDispose
{
    public static void Run() => Ours(100);

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void Ours(int length)
    {
        using var buffer = NativeBuffer.Create<int>(length);
        buffer[0] = 1;
    }
}
