using System.Runtime.CompilerServices;

namespace NativeBuffers.CodeGen.Loops;

/// <summary><c>foreach</c> by reference over borrowed elements, beside the loop over any span.</summary>
/// <remarks>For the code after the loop, see <see cref="BorrowedFill"/>.</remarks>
public static class BorrowedForEach
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
        int sum = 0;
        foreach (ref int element in borrow.Span)
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
