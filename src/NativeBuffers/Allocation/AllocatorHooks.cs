using NativeBuffers.Instrumentation;

namespace NativeBuffers.Allocation;

/// <summary>Puts ambient layers before allocators: those of the process, and those of a flow of calls.</summary>
/// <remarks>
/// Owners that ask for a block out of line call these hooks. The shortest paths do not. Where the hooks take each block, these paths find
/// no hot block; where the hooks take samples, <c>ThreadCache.TakeHot</c> counts down to the next sample. A thread that works for an
/// instrumented flow uses a cache without hot blocks.
/// </remarks>
internal abstract class AllocatorHooks
{
    private static readonly AllocatorHooks? s_process = InstrumentationSwitch.IsOn ? DiagnosticsRegistration.MakeProcessHooks() : null;

    [ThreadStatic]
    private static AllocatorHooks? t_flow;

    [ThreadStatic]
    private static bool t_isDue;

    [ThreadStatic]
    private static int t_untilSample;

    [ThreadStatic]
    private static double t_bytesUntilSample;

    /// <summary>
    /// Raised for bare blocks of the default allocator, with or without ambient layers, by their addresses: before they are freed, or
    /// after they have moved. A flow listens as long as its blocks may be freed outside the flow. A handler must not throw.
    /// </summary>
    public static event Action<NativeAllocator, nint>? BareBlockFreed;

    /// <summary>Whether a flow listens to the frees of bare blocks.</summary>
    public static bool HearsBareFrees => BareBlockFreed is not null;

    /// <summary>Whether there are hooks for this thread or for the process.</summary>
    public static bool IsOn => t_flow is not null || s_process is not null;

    /// <summary>Whether the hooks take each block, and not only samples.</summary>
    public static bool SeesAll => t_flow is not null || s_process is { IsSampling: false };

    /// <summary>The hooks of the flow that this thread works for; null if there are none.</summary>
    public static AllocatorHooks? Flow
    {
        get => t_flow;
        set => t_flow = value;
    }

    /// <summary>Whether these hooks take samples only.</summary>
    public virtual bool IsSampling => false;

    /// <summary>Whether the site of the next request must be noted, because a layer of the allocator or of the hooks reads it.</summary>
    public static bool ReadsSite(NativeAllocator allocator) => IsOn || allocator.Layers.ReadSite;

    /// <summary>The allocator with the ambient layers of this moment before it.</summary>
    public static NativeAllocator Instrument(NativeAllocator allocator)
    {
        AllocatorHooks? flow = t_flow;
        if (flow is null && s_process is null)
        {
            return allocator;
        }

        NativeAllocator requested = allocator.Requested;
        NativeAllocator inProcess = s_process is null ? requested : s_process.InstrumentHere(requested);
        return flow is null ? inProcess : flow.InstrumentHere(inProcess);
    }

    /// <summary>
    /// The allocator that the program asked for, with the guard of the process before it. A requested layer comes before that guard, so
    /// limits and plans count the requests of the program.
    /// </summary>
    public static NativeAllocator Guarded(NativeAllocator allocator) =>
        s_process is null ? allocator.Requested : s_process.GuardHere(allocator.Requested);

    /// <summary>The layers of the process before an allocator, if they take each of its blocks; otherwise null.</summary>
    public static NativeAllocator? InstrumentAlways(NativeAllocator allocator) =>
        s_process is { IsSampling: false } process ? process.InstrumentHere(allocator) : null;

    /// <summary><see cref="Instrument"/> for a block that another source made, without the guards that would not know the block.</summary>
    public static NativeAllocator InstrumentAdopted(NativeAllocator allocator) => IsOn ? Instrument(allocator).ForAdopted : allocator;

    /// <summary>Allocates a bare block for the program; null when memory is exhausted.</summary>
    /// <remarks>Not for the shortest path of the default allocator, which no hook needs to see.</remarks>
    /// <safety>The caller touches no byte outside the block, and none after the block was freed or resized.</safety>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static unsafe void* TryAllocateBare(NativeAllocator allocator, nuint byteCount, nuint alignment, bool zeroed, string? file, int line)
    {
        if (t_flow is { } flow && flow.RefusesBareHere(allocator, byteCount))
        {
            return null;
        }

        return allocator.Layers.ReadSite
            ? ObtainAt(AllocationSite.At(file, line, type: null), allocator, byteCount, alignment, zeroed)
            : allocator.Obtain(byteCount, alignment, zeroed);
    }

    /// <summary>Frees a bare block of the program; null is ignored.</summary>
    /// <safety>The block is null, or is the allocator's and live, and has this size and alignment. Its address is not used again.</safety>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static unsafe void FreeBare(NativeAllocator allocator, void* block, nuint byteCount, nuint alignment, string? file, int line)
    {
        if (block == null)
        {
            return;
        }

        NoteBareFree(allocator, (nint)block);
        if (allocator.Layers.ReadSite)
        {
            FreeAt(AllocationSite.At(file, line, type: null), allocator, block, byteCount, alignment);
        }
        else
        {
            allocator.GiveBack(block, byteCount, alignment);
        }
    }

    /// <summary>Allocates a block, with a noted site.</summary>
    /// <safety>The caller touches no byte outside the block, and none after the block was freed or resized.</safety>
    public static unsafe void* ObtainAt(AllocationSite site, NativeAllocator allocator, nuint byteCount, nuint alignment, bool zeroed)
    {
        AllocationSite.Note(site);
        try
        {
            return allocator.Obtain(byteCount, alignment, zeroed);
        }
        finally
        {
            AllocationSite.Forget();
        }
    }

    /// <summary>Frees a block, with a noted site.</summary>
    /// <safety>The block is the allocator's and live, and has this size and alignment. Its address is not used again.</safety>
    public static unsafe void FreeAt(AllocationSite site, NativeAllocator allocator, void* block, nuint byteCount, nuint alignment)
    {
        AllocationSite.Note(site);
        try
        {
            allocator.GiveBack(block, byteCount, alignment);
        }
        finally
        {
            AllocationSite.Forget();
        }
    }

    /// <summary>Counts one block that no bin counts; true if the block is a sample.</summary>
    /// <remarks>A bin counts its own blocks, and calls <see cref="IsDue"/>.</remarks>
    public static bool CountDown(nuint byteCount)
    {
        if (!InstrumentationSwitch.SampleDistance.IsInBytes)
        {
            t_untilSample--;
            return IsDue(ref t_untilSample, byteCount);
        }

        if (t_bytesUntilSample <= 0)
        {
            t_bytesUntilSample = InstrumentationSwitch.SampleDistance.NextBytes(Random.Shared);
        }

        t_bytesUntilSample -= byteCount;
        return t_bytesUntilSample <= 0;
    }

    /// <summary>Whether the block just counted is a sample: at 0, and a new count then begins. Below 0, none was begun before this block.</summary>
    public static bool IsDue(ref int left, nuint byteCount)
    {
        if (left > 0)
        {
            return false;
        }

        if (left < 0)
        {
            left = InstrumentationSwitch.SampleDistance.NextBlocks(byteCount, Random.Shared) - 1;
        }

        bool isDue = left == 0;
        if (isDue)
        {
            left = InstrumentationSwitch.SampleDistance.NextBlocks(byteCount, Random.Shared);
        }

        return isDue;
    }

    /// <summary>Whether the hooks take the next block, which no bin counts.</summary>
    public static bool TakesNext(nuint byteCount)
    {
        if (SeesAll)
        {
            return true;
        }

        if (!IsOn || !CountDown(byteCount))
        {
            return false;
        }

        SetDue();
        return true;
    }

    /// <summary>Makes the next block of this thread a sample.</summary>
    public static void SetDue() => t_isDue = true;

    /// <summary>Whether <see cref="SetDue"/> was called; true once.</summary>
    public static bool TakeDue()
    {
        bool isDue = t_isDue;
        t_isDue = false;
        return isDue;
    }

    /// <summary>Notes that the library has caught an exception and goes on another way, so the program does not see it.</summary>
    /// <param name="met">The exception for exhausted memory.</param>
    public static void NoteRecovery(Exception met) => t_flow?.NoteRecoveryHere(met);

    /// <summary>Raises <see cref="BareBlockFreed"/> for a block of the default allocator.</summary>
    /// <param name="allocator">
    /// The allocator that frees the block. A layer of it notes the free itself. Other allocators than the default one may
    /// divide its blocks, and give out the same addresses: these do not count.
    /// </param>
    /// <param name="address">The first byte; for comparison only.</param>
    public static void NoteBareFree(NativeAllocator allocator, nint address)
    {
        if (BareBlockFreed is { } freed && allocator.Requested.IsDefault)
        {
            freed(allocator, address);
        }
    }

    /// <summary><see cref="NoteBareFree"/> for a resized block, if it has moved. Returns the new address.</summary>
    /// <safety>The addresses are not followed, so any are allowed.</safety>
    public static unsafe void* NoteBareMove(NativeAllocator allocator, void* block, void* resized)
    {
        if (resized != null && resized != block)
        {
            NoteBareFree(allocator, (nint)block);
        }

        return resized;
    }

    /// <summary>Reports that a scoped owner was disposed through one copy, and then through another copy. Throws nothing.</summary>
    /// <param name="start">The block's first byte; for information.</param>
    /// <param name="byteCount">The block's size.</param>
    /// <param name="allocated">The line that allocated the block.</param>
    /// <param name="first">The line of the first disposal.</param>
    /// <param name="second">The line of the second disposal, which freed nothing.</param>
    public static void TellDisposedTwice(nint start, nuint byteCount, AllocationSite allocated, AllocationSite first, AllocationSite second)
    {
        try
        {
            s_process?.TellDisposedTwiceHere(start, byteCount, allocated, first, second);
        }
        catch (Exception)
        {
            // Memory is exhausted, or the error stream is closed.
        }
    }

    /// <inheritdoc cref="TellDisposedTwice"/>
    protected virtual void TellDisposedTwiceHere(nint start, nuint byteCount, AllocationSite allocated, AllocationSite first, AllocationSite second)
    {
    }

    /// <summary>Whether the flow lets this request for a bare block fail.</summary>
    protected virtual bool RefusesBareHere(NativeAllocator allocator, nuint byteCount) => false;

    /// <inheritdoc cref="NoteRecovery"/>
    protected virtual void NoteRecoveryHere(Exception met)
    {
    }

    /// <summary>The allocator with the guard of these hooks before it, and no other layer.</summary>
    protected virtual NativeAllocator GuardHere(NativeAllocator allocator) => allocator;

    /// <summary>The allocator with the layers of these hooks before it: the same object each time if the allocator lives forever.</summary>
    /// <param name="allocator">The allocator that the program asked for, or the layers of the process before it.</param>
    protected abstract NativeAllocator InstrumentHere(NativeAllocator allocator);
}
