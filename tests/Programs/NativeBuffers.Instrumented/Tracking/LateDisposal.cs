namespace NativeBuffers.Instrumented.Tracking;

/// <summary>Has a handler of its own at the end of the process, which disposes of something, and looks at what there is.</summary>
internal static class LateDisposal
{
    private static readonly List<NativeMemoryOwner<short>> s_kept = [];

    /// <param name="arguments"><c>spoil</c>: writes after the remaining block. Otherwise optionally a folder, whose reports are counted.</param>
    public static void Run(string[] arguments)
    {
        s_kept.Add(NativeMemoryOwner<short>.Create(100));
        s_kept.Add(NativeMemoryOwner<short>.Create(20_000));
        AppDomain.CurrentDomain.ProcessExit += (_, _) =>
        {
            s_kept[0].Dispose();
            if (arguments is ["spoil"])
            {
                Spoil(s_kept[1]);
            }
            else if (arguments is [var folder])
            {
                Console.WriteLine(Directory.GetFiles(folder, "*.guard").Length);
            }
        };
    }

    private static void Spoil(NativeMemoryOwner<short> owner)
    {
        using Borrow<short> borrow = owner.Borrow();
        unsafe
        {
            fixed (short* start = borrow.Span)
            {
                // SAFETY: the block is borrowed. The byte after it is the guard's, which has room for it.
                *(byte*)(start + owner.Length) ^= 1;
            }
        }
    }
}
