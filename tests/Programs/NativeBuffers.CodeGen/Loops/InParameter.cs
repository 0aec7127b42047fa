using System.Runtime.CompilerServices;

namespace NativeBuffers.CodeGen.Loops;

/// <summary>A buffer of another method: as far as the compiler knows, its fields may change during the loop.</summary>
/// <remarks>The raw loop is that of <see cref="Sum"/>.</remarks>
public static class InParameter
{
    public static void Run()
    {
        using var buffer = NativeBuffer.Create<int>(100);
        _ = Ours(buffer);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static int Ours(in NativeBuffer<int> buffer)
    {
        int sum = 0;
        for (int i = 0; i < buffer.Length; i++)
        {
            sum += buffer[i];
        }

        return sum;
    }
}
