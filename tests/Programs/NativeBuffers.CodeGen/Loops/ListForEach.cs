using System.Runtime.CompilerServices;

namespace NativeBuffers.CodeGen.Loops;

/// <summary><c>foreach</c> by reference over a list's elements, beside the one over any span.</summary>
public static class ListForEach
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
        int sum = 0;
        foreach (ref int element in list.AsSpan())
        {
            sum += element;
        }

        return sum;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static int Plain(Span<int> elements)
    {
        int sum = 0;
        foreach (ref int element in elements)
        {
            sum += element;
        }

        return sum;
    }
}
