namespace NativeBuffers.Primitives;

/// <summary>One handle to an object that lives as long as the process, made at the first use. For any thread.</summary>
internal struct PermanentHandle
{
    private nint _value;

    /// <summary>The handle.</summary>
    /// <param name="target">The object, which must be the same at each call.</param>
    /// <exception cref="OutOfMemoryException">Memory is exhausted.</exception>
    public nint To(object target) => _value != 0 ? _value : Make(target);

    private nint Make(object target)
    {
        FailPoint.ThrowIfRefused();
        GCHandle made = GCHandle.Alloc(target);
        if (Interlocked.CompareExchange(ref _value, GCHandle.ToIntPtr(made), 0) != 0)
        {
            made.Free();
        }

        return _value;
    }
}
