using System.Runtime.CompilerServices;

namespace NativeBuffers.CodeGen.Loops;

/// <summary>A buffer that is another method's: what it holds may change behind the loop's back, as far as the compiler knows.</summary>
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
