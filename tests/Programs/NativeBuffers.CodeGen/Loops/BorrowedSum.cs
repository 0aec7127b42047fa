using System.Runtime.CompilerServices;

namespace NativeBuffers.CodeGen.Loops;

/// <summary>A counted loop that reads borrowed elements, beside the loop over any span.</summary>
public static class BorrowedSum
{
    private static readonly NativeMemoryOwner<int> s_owner = NativeMemoryOwner<int>.Create(100);

    public static void Run()
    {
        _ = Ours(s_owner);
        _ = Plain(new int[100]);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static int Ours(NativeMemoryOwner<int> owner)
    {
        using Borrow<int> borrow = owner.Borrow();
        Span<int> elements = borrow.Span;
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
