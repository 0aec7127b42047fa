using NativeBuffers.Allocation;
using NativeBuffers.Arenas;
using NativeBuffers.Blocks;
using NativeBuffers.Blocks.Cache;
using NativeBuffers.Blocks.Handles;
using NativeBuffers.Instrumentation;
using NativeBuffers.Primitives;

namespace NativeBuffers;

/// <summary>Memory for many small things, given back all at once: an allocation moves a pointer, and nothing is freed one by one.</summary>
/// <remarks>
/// <para>Declare it with <c>using</c>. Spans taken from it cannot leave its scope: the compiler refuses. It belongs to the thread
/// that created it, which the language guarantees for a ref struct; an arena that was never disposed is freed when its thread has
/// ended.</para>
/// <para>Copies of the struct are names of one arena: what they allocate lies behind each other, and once any of them is disposed, all
/// of them throw. Only spans that were taken before a disposal by hand do not know.</para>
/// <para>Its first block, and those that it grows by, come from the cache of the thread and go back there, so a tiny arena costs little
/// more than a buffer. Blocks double up to 256 KiB; what is larger gets a block of its own. <c>default</c> is no arena: its members
/// throw.</para>
/// <para>The idea is that of Hanson's arenas (1990); scopes are as in many C programs' <i>temporary memory</i>.</para>
/// </remarks>
/// <example>
/// <code>
/// using var arena = NativeArena.Create();
/// Span&lt;float&gt; weights = arena.Allocate&lt;float&gt;(100);
/// Span&lt;char&gt; name = arena.CopyFrom&lt;char&gt;("station");
/// </code>
/// </example>
public readonly ref struct NativeArena : IDisposable
{
    /// <summary>What <see cref="Create(int, NativeAllocator?, long)"/> has room for unless told otherwise, in bytes.</summary>
    internal const int DefaultInitialBytes = 4096;

    private readonly ArenaCursor _cursor;

    private NativeArena(ArenaCursor cursor) => _cursor = cursor;

    /// <summary>How many bytes were allocated, the padding between them included; 0 once disposed.</summary>
    public long AllocatedBytes => _cursor.HandedOut;

    /// <summary>Whether it was disposed, through this value or a copy. <c>default</c> was not.</summary>
    public bool IsDisposed => !_cursor.IsNone && !_cursor.Gate.IsLife(_cursor.Ticket);

    /// <summary>An empty arena.</summary>
    /// <param name="initialBytes">What there is room for before it grows, in bytes.</param>
    /// <param name="allocator">Where its blocks come from; <see cref="NativeAllocator.Default"/> when null.</param>
    /// <param name="byteLimit">The most that may be allocated, in bytes, with padding, and 56 bytes for each open scope.</param>
    /// <param name="file">Filled in by the compiler, for <see cref="NativeMemoryTracker"/> and guards.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <returns>An arena that the caller owns: declare it with <c>using</c>.</returns>
    /// <exception cref="ArgumentOutOfRangeException">A number is negative.</exception>
    /// <exception cref="OutOfMemoryException">Memory is exhausted.</exception>
    [EditorBrowsable(EditorBrowsableState.Never), OverloadResolutionPriority(1)]
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static NativeArena Create(
        int initialBytes = DefaultInitialBytes,
        NativeAllocator? allocator = null,
        long byteLimit = long.MaxValue,
        [CallerFilePath] string? file = null,
        [CallerLineNumber] int line = 0)
    {
        unsafe
        {
            // SAFETY: a slot that was taken belongs to this arena, with a block that has room for the header.
            Slot* slot = null;
            Bin* bin = null;
            if (allocator is null && initialBytes >= 0 && byteLimit >= 0)
            {
                slot = ThreadCache.TakeHot((ulong)initialBytes + (ulong)(sizeof(ArenaHeader) + ArenaHeader.Slack), out bin);
            }

            if (slot == null)
            {
                slot = InstrumentationSwitch.IsOn || allocator is not null
                    ? TakeNoting(bin, initialBytes, allocator, byteLimit, file, line)
                    : TakeSlowly(bin, initialBytes, allocator, byteLimit);
            }

            var header = (ArenaHeader*)slot->Start;
            ulong ticket = slot->Generation.Value;
            ArenaHeader.Initialize(header, slot->Block, ticket, byteLimit);
            header->First.Slot = slot;
            ref ArenaGate gate = ref *(ArenaGate*)slot;
            gate.Begin(ticket);
            return new NativeArena(new ArenaCursor(ref gate, ticket, header, owner: null));
        }
    }

    /// <inheritdoc cref="Create(int, NativeAllocator?, long, string?, int)"/>
    public static NativeArena Create(
        int initialBytes = DefaultInitialBytes, NativeAllocator? allocator = null, long byteLimit = long.MaxValue) =>
        Create(initialBytes, allocator, byteLimit, file: null);

    /// <summary>Zeroed elements.</summary>
    /// <param name="length">In elements.</param>
    /// <returns>Aligned for the type, and until the arena ends.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="length"/> is negative, or too large to be counted in bytes.</exception>
    /// <exception cref="InvalidOperationException">A scope of the arena is open: allocate from that.</exception>
    /// <exception cref="ObjectDisposedException">The arena was disposed.</exception>
    /// <exception cref="OutOfMemoryException">Memory is exhausted, or the arena's limit reached.</exception>
    [UnscopedRef]
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Span<T> Allocate<T>(int length)
        where T : unmanaged => _cursor.Allocate<T>(length, zeroed: true);

    /// <summary>Elements that may hold anything: for memory that is written before it is read.</summary>
    /// <inheritdoc cref="Allocate{T}(int)" path="/param|/returns|/exception"/>
    [UnscopedRef]
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Span<T> AllocateUninitialized<T>(int length)
        where T : unmanaged => _cursor.Allocate<T>(length, zeroed: false);

    /// <summary>A copy of <paramref name="source"/>.</summary>
    /// <inheritdoc cref="Allocate{T}(int)" path="/returns|/exception"/>
    [UnscopedRef]
    public Span<T> CopyFrom<T>(scoped ReadOnlySpan<T> source)
        where T : unmanaged => _cursor.CopyFrom(source);

    /// <summary>One element, with a value.</summary>
    /// <inheritdoc cref="Allocate{T}(int)" path="/exception"/>
    [UnscopedRef]
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ref T New<T>(T value)
        where T : unmanaged => ref _cursor.New(value);

    /// <summary>Begins a scope: what is allocated from it is given back when that is disposed. Meanwhile this arena allocates nothing.</summary>
    /// <returns>A ref struct: declare it with <c>using</c>. Its spans cannot leave its scope.</returns>
    /// <exception cref="InvalidOperationException">A scope of the arena is open: begin one within that.</exception>
    /// <exception cref="ObjectDisposedException">The arena was disposed.</exception>
    /// <exception cref="OutOfMemoryException">Memory is exhausted, or the arena's limit reached.</exception>
    [UnscopedRef]
    public ArenaScope BeginScope() => new(ArenaGrowth.BeginScope(_cursor));

    /// <summary>Gives everything back, open scopes included. Once only: a second call, on this value or on any copy, frees nothing.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Dispose()
    {
        unsafe
        {
            // SAFETY: the gate shows the ticket, so the header is there, and the slot is this thread's and the arena's alone.
            if (_cursor.IsCurrent && _cursor.Header->Last == &_cursor.Header->First)
            {
                Slot* slot = _cursor.Header->First.Slot;
                _cursor.Gate.End(_cursor.Header->LastTicket + ArenaGate.Step);
                ThreadCache.Return(slot, slot->Home);
                return;
            }
        }

        ArenaGrowth.EndArena(_cursor);
    }

    /// <summary>As <see cref="TakeSlowly"/>, when somebody may want to know which line made the arena, also for the chunks to come.</summary>
    /// <safety>The result belongs to the caller.</safety>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static unsafe Slot* TakeNoting(
        Bin* bin, int initialBytes, NativeAllocator? allocator, long byteLimit, string? file, int line)
    {
        AllocationSite site = AllocationSite.At(file, line, typeof(NativeArena));
        Slot* slot = TakeSlowly(bin, initialBytes, allocator, byteLimit, site);
        ((ArenaHeader*)slot->Start)->AllocationSiteId = site.Id;
        return slot;
    }

    /// <safety>The result belongs to the caller.</safety>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static unsafe Slot* TakeSlowly(
        Bin* bin, int initialBytes, NativeAllocator? allocator, long byteLimit, AllocationSite? site = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(initialBytes);
        ArgumentOutOfRangeException.ThrowIfNegative(byteLimit);
        nuint byteCount = (nuint)initialBytes + (nuint)sizeof(ArenaHeader) + ArenaHeader.Slack;
        if (site is not null && allocator is null)
        {
            Slot* watched = Lease.TryTakeWatched(bin, byteCount, zeroed: false, site);
            return watched != null ? watched : throw NativeAllocator.Default.RefusalOf(byteCount);
        }

        if (bin != null)
        {
            Slot* kept = Bin.TryTake(bin);
            if (kept != null)
            {
                return kept;
            }
        }

        if (site is not null && (AllocatorHooks.IsOn || allocator!.TakesAllocationSites))
        {
            AllocationSite.Note(site);
        }

        Slot* slot = allocator is null or CachingAllocator
            ? Lease.TryTake(byteCount, zeroed: false)
            : Uncached.TryTakeFrom(allocator, byteCount, zeroed: false);
        return slot != null ? slot : throw (allocator ?? NativeAllocator.Default).RefusalOf(byteCount);
    }
}
