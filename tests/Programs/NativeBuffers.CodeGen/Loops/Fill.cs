using System.Runtime.CompilerServices;

namespace NativeBuffers.CodeGen.Loops;

/// <summary>A counted loop that writes.</summary>
public static class Fill
{
    public static void Run()
    {
        _ = Ours(100, 3);
        unsafe
        {
            // SAFETY: the loop writes as many elements as there are.
            int* elements = stackalloc int[100];
            Raw(elements, 100, 3);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static int Ours(int length, int value)
    {
        using var buffer = NativeBuffer.CreateUninitialized<int>(length);
        for (int i = 0; i < buffer.Length; i++)
        {
            buffer[i] = value;
        }

        return buffer[^1];
    }

    /// <safety><paramref name="length"/> elements are there to be written.</safety>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static unsafe void Raw(int* elements, int length, int value)
    {
        for (int i = 0; i < length; i++)
        {
            elements[i] = value;
        }
    }
}
