using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace NativeBuffers.Benchmarks.Owners;

/// <summary>Calls a short C function again and again, with a raw pointer or with an owner as its parameter.</summary>
/// <remarks>Each loop returns the sum of the results, which is the same for all.</remarks>
internal static unsafe partial class CallLoops
{
    private static readonly NativeMemoryOwner<byte> s_owner = NativeMemoryOwner<byte>.CreateFrom("text\0"u8);

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static int Pointer(int turns, int byteCount)
    {
        using Borrow<byte> borrow = s_owner.Borrow();
        fixed (byte* text = borrow.Span)
        {
            return CallAll(turns, text);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static int Owner(int turns, int byteCount)
    {
        NativeMemoryOwner<byte> text = s_owner;
        nuint sum = 0;
        for (int turn = 0; turn < turns; turn++)
        {
            sum += Length(text);
        }

        return (int)sum;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static int Borrow(int turns, int byteCount)
    {
        using Borrow<byte> text = s_owner.Borrow();
        nuint sum = 0;
        for (int turn = 0; turn < turns; turn++)
        {
            sum += Length(text);
        }

        return (int)sum;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int CallAll(int turns, byte* text)
    {
        nuint sum = 0;
        for (int turn = 0; turn < turns; turn++)
        {
            sum += Length(text);
        }

        return (int)sum;
    }

    [LibraryImport("libc", EntryPoint = "strlen")]
    private static partial nuint Length(byte* text);

    [LibraryImport("libc", EntryPoint = "strlen")]
    private static partial nuint Length(NativeMemoryOwner<byte> text);

    [LibraryImport("libc", EntryPoint = "strlen")]
    private static partial nuint Length(Borrow<byte> text);
}
