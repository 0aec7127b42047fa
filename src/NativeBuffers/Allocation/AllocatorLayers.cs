namespace NativeBuffers.Allocation;

/// <summary>A set of layers before an allocator. The members list the layers in the order in which a request passes them.</summary>
/// <remarks>
/// A layer is an allocator that takes its blocks from <see cref="NativeAllocator.Inner"/>. The last allocator of such a chain is the
/// source, and is no layer. Each allocator has the set of its whole chain in <see cref="NativeAllocator.Layers"/>.
/// </remarks>
internal readonly struct AllocatorLayers
{
    private readonly int _bits;

    private AllocatorLayers(int bits) => _bits = bits;

    /// <summary>Fault injection runs a flow of calls: lets one request fail, and notes blocks. The layers of an inner flow come first.</summary>
    public static AllocatorLayers FaultRun => new(1 << 0);

    /// <summary>A leak scope notes the blocks of a flow of calls.</summary>
    public static AllocatorLayers LeakScope => new(1 << 1);

    /// <summary>The process was started with tracking, which notes all blocks.</summary>
    public static AllocatorLayers ProcessTracking => new(1 << 2);

    /// <summary>Fails by a plan.</summary>
    /// <remarks>
    /// The program orders this layer, <see cref="Budget"/>, <see cref="Tracking"/> and <see cref="Guard"/> by its calls: the last call
    /// comes first. <see cref="AllocatorHooks.Guarded"/> puts the guard of the process after them.
    /// </remarks>
    public static AllocatorLayers FaultPlan => new(1 << 3);

    /// <summary>Counts bytes, and refuses requests above a limit.</summary>
    public static AllocatorLayers Budget => new(1 << 4);

    /// <summary>Notes blocks, because the program asked for it.</summary>
    public static AllocatorLayers Tracking => new(1 << 5);

    /// <summary>Guards blocks, because the program asked for it.</summary>
    public static AllocatorLayers Guard => new(1 << 6);

    /// <summary>The process was started with guards. Only where the program has not asked for one.</summary>
    public static AllocatorLayers ProcessGuard => new(1 << 7);

    /// <summary>Keeps freed blocks for the next rental.</summary>
    public static AllocatorLayers Pool => new(1 << 8);

    /// <summary>A guard after a pool. It does not see rentals begin and end, so another guard may come before the pool.</summary>
    public static AllocatorLayers GuardAfterPool => new(1 << 9);

    /// <summary>Whether a layer belongs to the process or a flow: the program did not ask for it at this allocator.</summary>
    public bool IsAmbient => Has(FaultRun | LeakScope | ProcessTracking | ProcessGuard);

    /// <summary>Whether a guard sees all blocks begin and end.</summary>
    public bool HasGuard => Has(Guard | ProcessGuard);

    /// <summary>Whether <see cref="NativeMemoryTracker"/> hears of all blocks.</summary>
    public bool HasTracking => Has(Tracking | ProcessTracking);

    /// <summary>Whether a layer reads <see cref="Instrumentation.AllocationSite.Noted"/>.</summary>
    public bool ReadSite => Has(FaultRun | LeakScope | ProcessTracking | Tracking | ProcessGuard | Guard | GuardAfterPool);

    /// <summary>Whether a layer is made once for its inner allocator, and lives as long as that.</summary>
    public bool IsPermanent => Has(ProcessTracking | Tracking | ProcessGuard);

    public static AllocatorLayers operator |(AllocatorLayers left, AllocatorLayers right) => new(left._bits | right._bits);

    /// <summary>Whether the two sets have a layer in common.</summary>
    public bool Has(AllocatorLayers any) => (_bits & any._bits) != 0;

    /// <summary>The layers of a chain after one more layer was put before it.</summary>
    public AllocatorLayers Below(AllocatorLayers layer) =>
        layer.Has(Pool) && HasGuard ? new AllocatorLayers(_bits & ~(Guard | ProcessGuard)._bits) | GuardAfterPool | Pool : this | layer;
}
