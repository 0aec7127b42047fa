using System.Runtime.CompilerServices;

namespace NativeBuffers.CodeGen.Loops;

/// <summary>Two buffers of which the compiler does not know that they are equally long.</summary>
/// <remarks>It makes two loops, and asks once which one to take. The raw loop is that of <see cref="DotProduct"/>.</remarks>
public static class DotProductOfUnequalLengths
{
    public static void Run() => _ = Ours(100, 110);

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static int Ours(int leftLength, int rightLength)
    {
        using var left = NativeBuffer.Create<int>(leftLength);
        using var right = NativeBuffer.Create<int>(rightLength);
        int sum = 0;
        for (int i = 0; i < left.Length; i++)
        {
            sum += left[i] * right[i];
        }

        return sum;
    }
}
