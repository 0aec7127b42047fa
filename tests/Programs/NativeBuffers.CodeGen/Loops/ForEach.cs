using System.Runtime.CompilerServices;

namespace NativeBuffers.CodeGen.Loops;

/// <summary><c>foreach</c> by reference, beside the pointer that walks.</summary>
public static class ForEach
{
    public static void Run()
    {
        _ = Ours(100);
        unsafe
        {
            // SAFETY: the pointer walks over as many elements as there are.
            int* elements = stackalloc int[100];
            _ = Raw(elements, 100);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static int Ours(int length)
    {
        using var buffer = NativeBuffer.Create<int>(length);
        int sum = 0;
        foreach (ref int element in buffer.AsSpan())
        {
            sum += element;
        }

        return sum;
    }

    /// <safety><paramref name="length"/> elements are there to be read.</safety>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static unsafe int Raw(int* elements, int length)
    {
        int sum = 0;
        for (int* element = elements, end = elements + length; element < end; element++)
        {
            sum += *element;
        }

        return sum;
    }
}
