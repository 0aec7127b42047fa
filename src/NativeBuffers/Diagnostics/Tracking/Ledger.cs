namespace NativeBuffers.Diagnostics.Tracking;

/// <summary>Where live blocks are noted: for the whole process, or for a scope of a flow.</summary>
internal abstract class Ledger(int stripeCount)
{
    /// <summary>The live blocks.</summary>
    public BlockRegistry Registry { get; } = new(stripeCount);

    /// <summary>Whether nothing more is to be noted; what is noted already still goes when it is given back.</summary>
    public bool IsOver { get; protected set; }

    /// <summary>Which calls led to the allocation that the caller makes, if that is to be known; otherwise 0.</summary>
    public abstract int CaptureStack();

    /// <summary>So many bytes more are live, or fewer.</summary>
    public virtual void Count(long byteCount)
    {
    }

    /// <summary>An owner was forgotten; its block was live until now. Must not throw.</summary>
    public abstract void FoundAbandoned(in BlockRecord record);
}
