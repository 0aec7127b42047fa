using System.Runtime.CompilerServices;

namespace NativeBuffers.Aot;

/// <summary>Two ways to one line, whose methods are equally long, so that only their addresses tell them apart.</summary>
internal static class SameOffsets
{
    public static void Run()
    {
        var owners = new List<IDisposable>();
        foreach (Func<NativeMemoryOwner<byte>> way in (Func<NativeMemoryOwner<byte>>[])[Left, Right])
        {
            owners.Add(way());
        }

        Console.Write(NativeMemoryTracker.TakeSnapshot().ToFoldedStacks());
        owners.ForEach(static owner => owner.Dispose());
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static NativeMemoryOwner<byte> Left() => Make(100);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static NativeMemoryOwner<byte> Right() => Make(120);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static NativeMemoryOwner<byte> Make(int length)
    {
        NativeMemoryOwner<byte> made = NativeMemoryOwner<byte>.Create(length);
        GC.KeepAlive(made);
        return made;
    }
}
