using System.Runtime.InteropServices;

namespace NativeBuffers.Tests.Interop;

/// <summary>zlib's <c>z_stream</c>, as <c>zlib.h</c> lays it out. zlib keeps its address, so it lives in native memory.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct ZStream
{
    public unsafe byte* NextIn;
    public uint AvailableIn;
    public CULong TotalIn;
    public unsafe byte* NextOut;
    public uint AvailableOut;
    public CULong TotalOut;
    public unsafe byte* Message;
    public unsafe void* State;
    public unsafe delegate* unmanaged<void*, uint, uint, void*> Allocate;
    public unsafe delegate* unmanaged<void*, void*, void> Free;
    public nint Opaque;
    public int DataType;
    public CULong Check;
    public CULong Reserved;
}
