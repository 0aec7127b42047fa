namespace NativeBuffers.Arrow;

/// <summary>An array of the C Data Interface. <see cref="Apache.Arrow.C.CArrowArray"/> is the same, and hides the release function.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct ArrowArrayLayout
{
    /// <summary>In elements.</summary>
    public long Length;

    /// <summary>-1 if the producer has not counted them.</summary>
    public long NullCount;

    /// <summary>The index of the first element in the buffers.</summary>
    public long Offset;

    public long BufferCount;
    public long ChildCount;

    /// <summary>For numbers: a bit for each element that is not null, or a null pointer, and then the elements.</summary>
    public unsafe void** Buffers;

    public unsafe void** Children;
    public unsafe ArrowArrayLayout* Dictionary;

    /// <summary>Null after the release, and after the array was moved to another structure.</summary>
    public unsafe delegate* unmanaged<ArrowArrayLayout*, void> Release;

    public unsafe void* PrivateData;
}
