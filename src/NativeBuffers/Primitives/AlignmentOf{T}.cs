namespace NativeBuffers.Primitives;

/// <summary>The alignment that a type asks for, in bytes: of its largest member, as C counts it.</summary>
internal static class AlignmentOf<T>
    where T : unmanaged
{
    /// <summary>A constant to the JIT.</summary>
    public static ulong Value
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get
        {
            // A type whose size was set by hand may end between two multiples of its alignment. The probe pads that too, by
            // less than the alignment, so the highest bit is right.
            uint padding = (uint)(Unsafe.SizeOf<Probe>() - Unsafe.SizeOf<T>());
            padding |= padding >> 1;
            padding |= padding >> 2;
            padding |= padding >> 4;
            return padding - (padding >> 1);
        }
    }

    // One byte, then as much padding as the type needs.
    [StructLayout(LayoutKind.Sequential)]
    private readonly struct Probe
    {
        private readonly byte _first;
        private readonly T _second;
    }
}
