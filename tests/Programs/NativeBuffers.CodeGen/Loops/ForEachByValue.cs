using System.Runtime.CompilerServices;

namespace NativeBuffers.CodeGen.Loops;

/// <summary><c>foreach</c> by value over a buffer itself. For the pointer that walks, see <see cref="ForEach"/>.</summary>
public static class ForEachByValue
{
    public static void Run() => _ = Ours(100);

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static int Ours(int length)
    {
        using var buffer = NativeBuffer.Create<int>(length);
        int sum = 0;
        foreach (int element in buffer)
        {
            sum += element;
        }

        return sum;
    }
}
