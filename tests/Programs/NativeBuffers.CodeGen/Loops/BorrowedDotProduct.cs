using System.Runtime.CompilerServices;

namespace NativeBuffers.CodeGen.Loops;

/// <summary>Two owners, borrowed at once; the second span is cut to the first one's length. Beside it, the same of any two spans.</summary>
public static class BorrowedDotProduct
{
    private static readonly NativeMemoryOwner<int> s_left = NativeMemoryOwner<int>.Create(100);
    private static readonly NativeMemoryOwner<int> s_right = NativeMemoryOwner<int>.Create(100);

    public static void Run()
    {
        _ = Ours(s_left, s_right);
        _ = Plain(new int[100], new int[100]);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static int Ours(NativeMemoryOwner<int> leftOwner, NativeMemoryOwner<int> rightOwner)
    {
        using Borrow<int> leftBorrow = leftOwner.Borrow();
        using Borrow<int> rightBorrow = rightOwner.Borrow();
        Span<int> left = leftBorrow.Span;
        Span<int> right = rightBorrow.Span[..left.Length];
        int sum = 0;
        for (int i = 0; i < left.Length; i++)
        {
            sum += left[i] * right[i];
        }

        return sum;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static int Plain(Span<int> left, Span<int> right)
    {
        right = right[..left.Length];
        int sum = 0;
        for (int i = 0; i < left.Length; i++)
        {
            sum += left[i] * right[i];
        }

        return sum;
    }
}
