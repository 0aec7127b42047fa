using System.Runtime.CompilerServices;

namespace NativeBuffers.CodeGen.Loops;

/// <summary>A counted loop that reads a list's elements, beside the one over any span.</summary>
public static class ListSum
{
    private static readonly NativeList<int> s_list = [.. Enumerable.Range(0, 100)];

    public static void Run()
    {
        _ = Ours(s_list);
        _ = Plain(new int[100]);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static int Ours(NativeList<int> list)
    {
        Span<int> elements = list.AsSpan();
        int sum = 0;
        for (int i = 0; i < elements.Length; i++)
        {
            sum += elements[i];
        }

        return sum;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static int Plain(Span<int> elements)
    {
        int sum = 0;
        for (int i = 0; i < elements.Length; i++)
        {
            sum += elements[i];
        }

        return sum;
    }
}
