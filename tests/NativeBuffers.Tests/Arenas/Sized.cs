using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace NativeBuffers.Tests.Arenas;

/// <summary>Elements of odd sizes, alignments and layouts.</summary>
[SuppressMessage("Performance", "CA1823", Justification = "The layout is what counts.")]
internal static class Sized
{
    [StructLayout(LayoutKind.Sequential, Size = 3)]
    public struct Three
    {
        public byte First;
    }

    [StructLayout(LayoutKind.Sequential, Size = 16)]
    public struct Sixteen
    {
        public long First;
    }

    [InlineArray(1000)]
    public struct Thousand
    {
        private byte _first;
    }

    [InlineArray(100_000)]
    public struct HundredThousand
    {
        private byte _first;
    }

    public struct Nothing;

    [StructLayout(LayoutKind.Sequential, Pack = 1)]
    public struct Packed1
    {
        public byte First;
        public long Second;
    }

    [StructLayout(LayoutKind.Sequential, Pack = 2)]
    public struct Packed2
    {
        public byte First;
        public long Second;
    }

    [StructLayout(LayoutKind.Sequential, Pack = 128)]
    public struct Packed128
    {
        public byte First;
        public long Second;
    }

    [StructLayout(LayoutKind.Explicit, Size = 13)]
    public struct Explicit13
    {
        [FieldOffset(0)]
        public long First;

        [FieldOffset(8)]
        public byte Second;
    }

    [StructLayout(LayoutKind.Auto)]
    public struct Automatic
    {
        public byte First;
        public double Second;
        public short Third;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct Mixed
    {
        public byte First;
        public Int128 Second;
        public DateTime Third;
    }
}
