using System.Runtime.CompilerServices;

namespace NativeBuffers.CodeGen.Loops;

/// <summary>A counted loop that reads.</summary>
public static class Sum
{
    public static void Run()
    {
        _ = Ours(100);
        unsafe
        {
            // SAFETY: the loop reads as many elements as there are.
            int* elements = stackalloc int[100];
            _ = Raw(elements, 100);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static int Ours(int length)
    {
        using var buffer = NativeBuffer.Create<int>(length);
        int sum = 0;
        for (int i = 0; i < buffer.Length; i++)
        {
            sum += buffer[i];
        }

        return sum;
    }

    /// <safety><paramref name="length"/> elements are there to be read.</safety>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static unsafe int Raw(int* elements, int length)
    {
        int sum = 0;
        for (int i = 0; i < length; i++)
        {
            sum += elements[i];
        }

        return sum;
    }
}
