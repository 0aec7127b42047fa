using System.Runtime.InteropServices;

namespace NativeBuffers.Faults;

/// <summary>A process that may lock at most 64 KiB in memory.</summary>
internal static partial class LockLimit
{
    private const long Allowed = 64 * 1024;

    public static void Run()
    {
        Lower();
        using NativeRegion region = NativeRegion.Reserve(1 << 20);
        region.Commit(0, 1 << 20);
        region.Lock(0, 16 * 1024);
        Console.WriteLine($"little: locked");
        Console.WriteLine($"much: {region.TryLock(0, 1 << 20)}");
        Say("much", () => region.Lock(0, 1 << 20));

        var options = new NativeRegionOptions { LockPages = true };
        using NativeRegion locked = NativeRegion.Reserve(1 << 20, options);
        locked.Commit(0, 8192);
        Say("commit", () => locked.Commit(0, 1 << 20));
        Console.WriteLine($"committed: {locked.CommittedByteCount}");

        using var buffer = StableBuffer<byte>.Reserve(1 << 20, options);
        buffer.Resize(100);
        using Borrow<byte> borrow = buffer.Borrow();
        borrow.Span.Fill(7);
        Say("grow", () => buffer.Resize(1 << 20));
        Console.WriteLine($"length: {buffer.Length}, intact: {borrow.Span.IndexOfAnyExcept((byte)7) < 0}");
    }

    private static void Say(string what, Action use)
    {
        try
        {
            use();
            Console.WriteLine($"{what}: done");
        }
        catch (OutOfMemoryException exception)
        {
            Console.WriteLine($"{what}: {exception.Message}");
        }
    }

    private static unsafe void Lower()
    {
        // The administrator's processes may lock any amount: this thread gives up that right.
        ulong* limit = stackalloc ulong[] { (ulong)Allowed, (ulong)Allowed };
        uint* header = stackalloc uint[] { 0x20080522, 0 };
        uint* none = stackalloc uint[6];
        if (SetLimit(8, limit) != 0 || SetRights(header, none) != 0)
        {
            throw new InvalidOperationException("The limit could not be lowered.");
        }
    }

    [LibraryImport("libc", EntryPoint = "setrlimit")]
    private static unsafe partial int SetLimit(int which, ulong* limit);

    [LibraryImport("libc", EntryPoint = "capset")]
    private static unsafe partial int SetRights(uint* header, uint* rights);
}
