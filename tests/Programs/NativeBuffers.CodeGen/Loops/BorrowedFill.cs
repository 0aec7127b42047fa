using System.Runtime.CompilerServices;

namespace NativeBuffers.CodeGen.Loops;

/// <summary>A counted loop that writes to borrowed elements, beside the loop over any span.</summary>
/// <remarks>
/// Something comes after the loop: where a loop is the last thing before a <c>finally</c>, over whichever span, the compiler
/// leaves it as it is, and counts upwards.
/// </remarks>
public static class BorrowedFill
{
    private static readonly NativeMemoryOwner<int> s_owner = NativeMemoryOwner<int>.Create(100);

    public static void Run()
    {
        _ = Ours(s_owner, 3);
        _ = Plain(new int[100], 3);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static int Ours(NativeMemoryOwner<int> owner, int value)
    {
        using Borrow<int> borrow = owner.Borrow();
        Span<int> elements = borrow.Span;
        for (int i = 0; i < elements.Length; i++)
        {
            elements[i] = value;
        }

        return elements[^1];
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static int Plain(Span<int> elements, int value)
    {
        for (int i = 0; i < elements.Length; i++)
        {
            elements[i] = value;
        }

        return elements[^1];
    }
}
