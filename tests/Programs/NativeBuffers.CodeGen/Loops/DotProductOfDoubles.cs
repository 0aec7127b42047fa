using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace NativeBuffers.CodeGen.Loops;

/// <summary>As <see cref="DotProduct"/>, with a sum that lives in a floating-point register.</summary>
/// <remarks>
/// On Linux and macOS no such register survives a call, and freeing the memory after the loop may call. The compiler then
/// keeps the sum in the stack frame all through the loop, with raw pointers too. So the raw loop is one that frees
/// its memory itself; the loop without that price is in <see cref="DotProductOfSpans"/>.
/// </remarks>
public static class DotProductOfDoubles
{
    public static void Run()
    {
        _ = Ours(100);
        _ = Raw(100);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static double Ours(int length)
    {
        using var left = NativeBuffer.Create<double>(length);
        using var right = NativeBuffer.Create<double>(length);
        double sum = 0;
        for (int i = 0; i < left.Length; i++)
        {
            sum += left[i] * right[i];
        }

        return sum;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    [SuppressMessage("Ownership", "NB0010", Justification = "The measure: code without the library.")]
    public static double Raw(int length)
    {
        unsafe
        {
            // SAFETY: both blocks have the elements that the loop reads, and are freed once, after it.
            double* left = (double*)NativeMemory.AllocZeroed((nuint)length, sizeof(double));
            double* right = (double*)NativeMemory.AllocZeroed((nuint)length, sizeof(double));
            double sum = 0;
            for (int i = 0; i < length; i++)
            {
                sum += left[i] * right[i];
            }

            NativeMemory.Free(right);
            NativeMemory.Free(left);
            return sum;
        }
    }
}
