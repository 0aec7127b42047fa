using System.Runtime.CompilerServices;

namespace NativeBuffers.CodeGen.Loops;

/// <summary>Two buffers of one length, indexed as one would write it first.</summary>
public static class DotProduct
{
    public static void Run()
    {
        _ = Ours(100);
        unsafe
        {
            // SAFETY: the loop reads as many elements as there are.
            int* elements = stackalloc int[100];
            _ = Raw(elements, elements, 100);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static int Ours(int length)
    {
        using var left = NativeBuffer.Create<int>(length);
        using var right = NativeBuffer.Create<int>(length);
        int sum = 0;
        for (int i = 0; i < left.Length; i++)
        {
            sum += left[i] * right[i];
        }

        return sum;
    }

    /// <safety>Both have <paramref name="length"/> elements to be read.</safety>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static unsafe int Raw(int* left, int* right, int length)
    {
        int sum = 0;
        for (int i = 0; i < length; i++)
        {
            sum += left[i] * right[i];
        }

        return sum;
    }
}
