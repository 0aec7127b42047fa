using System.Runtime.CompilerServices;
using NativeBuffers.Blocks.Handles;

namespace NativeBuffers.CodeGen.Loops;

/// <summary>Counted loops in methods that use the buffer's other members too. The raw loop is that of <see cref="Sum"/>.</summary>
/// <remarks>A member that the compiler calls by the buffer's address would tie the span to the stack frame, and so slow down the loop.</remarks>
public static class SumBesideOtherMembers
{
    private static readonly int[] s_other = new int[200];

    public static void Run()
    {
        _ = Reading(100);
        _ = Resizing(100);
        _ = Moving(100);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static int Reading(int length)
    {
        using var buffer = NativeBuffer.CreateUninitialized<int>(length);
        buffer.Clear();
        buffer.CopyTo(s_other);
        int sum = buffer.Overlaps(s_other) || buffer.IsEmpty || buffer.IsDisposed ? 1 : 0;
        sum += buffer.AsSpan(1).Length + buffer.AsSpan(1, 2).Length + buffer.AsSpan(1..3).Length;
        sum += buffer[^1] + buffer.GetPinnableReference() + LengthOf(buffer);
        for (int i = 0; i < buffer.Length; i++)
        {
            sum += buffer[i];
        }

        return sum;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static int Resizing(int length)
    {
        using var buffer = NativeBuffer.Create<int>(length);
        buffer.Resize(length + 1);
        int sum = 0;
        for (int i = 0; i < buffer.Length; i++)
        {
            sum += buffer[i];
        }

        return sum;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static int Moving(int length)
    {
        using var first = NativeBuffer.Create<int>(length);
        using var buffer = first.Move();
        int sum = 0;
        for (int i = 0; i < buffer.Length; i++)
        {
            sum += buffer[i];
        }

        return sum;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int LengthOf(ReadOnlySpan<int> elements) => elements.Length;
}
