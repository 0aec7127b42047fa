using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace NativeBuffers.Raw;

/// <summary>The alignment that a type asks for, in bytes: of its largest member, as C counts it.</summary>
internal static class AlignmentOf<T>
    where T : unmanaged
{
    /// <summary>A constant to the JIT.</summary>
    public static ulong Value
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => (ulong)(Unsafe.SizeOf<Probe>() - Unsafe.SizeOf<T>());
    }

    // One byte, then as much padding as the type needs.
    [StructLayout(LayoutKind.Sequential)]
    private readonly struct Probe
    {
        private readonly byte _first;
        private readonly T _second;
    }
}
