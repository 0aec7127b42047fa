using System.Runtime.CompilerServices;

namespace NativeBuffers.CodeGen.Loops;

/// <summary>As <see cref="InParameter"/>, but the span is taken before the loop.</summary>
public static class SpanOfInParameter
{
    public static void Run()
    {
        using var buffer = NativeBuffer.Create<int>(100);
        _ = Ours(buffer);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static int Ours(in NativeBuffer<int> buffer)
    {
        Span<int> elements = buffer;
        int sum = 0;
        for (int i = 0; i < elements.Length; i++)
        {
            sum += elements[i];
        }

        return sum;
    }
}
