using System.Runtime.CompilerServices;

namespace NativeBuffers.CodeGen.Loops;

/// <summary>Reads at places that only the data knows: here, and only here, a bounds check has to stay.</summary>
public static class Gather
{
    public static void Run()
    {
        _ = Ours(100);
        unsafe
        {
            // SAFETY: all indexes are zero, and there is an element.
            int* elements = stackalloc int[100];
            int* indexes = stackalloc int[100];
            new Span<int>(indexes, 100).Clear();
            _ = Raw(elements, indexes, 100);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static int Ours(int length)
    {
        using var elements = NativeBuffer.Create<int>(length);
        using var indexes = NativeBuffer.Create<int>(length);
        int sum = 0;
        for (int i = 0; i < indexes.Length; i++)
        {
            sum += elements[indexes[i]];
        }

        return sum;
    }

    /// <safety>Each of <paramref name="length"/> indexes is one of an element.</safety>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static unsafe int Raw(int* elements, int* indexes, int length)
    {
        int sum = 0;
        for (int i = 0; i < length; i++)
        {
            sum += elements[indexes[i]];
        }

        return sum;
    }
}
