using System.Runtime.CompilerServices;

namespace NativeBuffers.CodeGen.Loops;

/// <summary>A counted loop that reads a scratch list's elements, beside the one over any span.</summary>
/// <remarks>The initial memory is the caller's: methods that allocate on the stack skip the tiers that are compared.</remarks>
public static class ScratchListSum
{
    public static void Run()
    {
        _ = Ours(new int[64], 100);
        _ = Plain(new int[100]);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static int Ours(Span<int> initial, int length)
    {
        using var list = new ScratchList<int>(initial);
        list.EnsureCapacity(length);
        list.AddRange(list.AsSpan());
        list.Add(length);
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
