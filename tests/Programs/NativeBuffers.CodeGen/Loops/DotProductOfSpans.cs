using System.Runtime.CompilerServices;

namespace NativeBuffers.CodeGen.Loops;

/// <summary>The buffers are passed on as spans, and the second is cut to the first one's length.</summary>
public static class DotProductOfSpans
{
    public static void Run()
    {
        using var left = NativeBuffer.Create<double>(100);
        using var right = NativeBuffer.Create<double>(100);
        _ = Ours(left, right);
        unsafe
        {
            // SAFETY: the loop reads as many elements as there are.
            _ = Raw(left.Pointer, right.Pointer, left.Length);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static double Ours(ReadOnlySpan<double> left, ReadOnlySpan<double> right)
    {
        right = right[..left.Length];
        double sum = 0;
        for (int i = 0; i < left.Length; i++)
        {
            sum += left[i] * right[i];
        }

        return sum;
    }

    /// <safety>Both have <paramref name="length"/> elements to be read.</safety>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static unsafe double Raw(double* left, double* right, int length)
    {
        double sum = 0;
        for (int i = 0; i < length; i++)
        {
            sum += left[i] * right[i];
        }

        return sum;
    }
}
