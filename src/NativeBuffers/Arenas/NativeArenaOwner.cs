using NativeBuffers.Arenas;
using NativeBuffers.Blocks;
using NativeBuffers.Blocks.Lifecycle;
using NativeBuffers.Instrumentation;
using NativeBuffers.Primitives;

namespace NativeBuffers;

/// <summary>An arena that fields can hold, and one thread after the other can use: through a borrow.</summary>
/// <remarks>
/// <para>Dispose it. Should it be forgotten, its memory is given back after a garbage collection or two, and counted
/// (<see cref="NativeMemoryTracker.AbandonedCount"/>).</para>
/// <para>All members may be called from all threads. One borrow at a time: another one, on whichever thread, throws. Disposed while it is
/// borrowed, the arena is freed when that ends.</para>
/// </remarks>
/// <example>
/// <code>
/// sealed class Tree : IDisposable
/// {
///     private readonly NativeArenaOwner _nodes = NativeArenaOwner.Create();
///     private ArenaSlice&lt;int&gt; _root;
///
///     public void Plant()
///     {
///         using ArenaBorrow arena = _nodes.Borrow();
///         _root = arena.AllocateSlice&lt;int&gt;(2);
///         arena.AsSpan(_root)[0] = 1;
///     }
///
///     public void Dispose() => _nodes.Dispose();
/// }
/// </code>
/// </example>
public sealed class NativeArenaOwner : IDisposable
{
    private const int Open = 0;
    private const int InUse = 1;
    private const int Closing = 2;
    private const int Closed = 3;

    private static long s_lastEpoch;

    // What this thread borrows: a borrow that is never disposed must keep its arena, which nobody else may refer to.
    [ThreadStatic]
    private static NativeArenaOwner? t_borrowed;

    private readonly ArenaCleaner _cleaner;
    private NativeArenaOwner? _nextBorrowed;
    private Thread? _user;
    private ArenaGate _gate;
    private long _epoch = Interlocked.Increment(ref s_lastEpoch);
    private int _state;

    private NativeArenaOwner(NativeAllocator? allocator, AllocationSite site)
    {
        Chunks = new ArenaChunks(allocator, site);
        _cleaner = new ArenaCleaner(this);
    }

    /// <summary>The number of the last life of an arena. A life begins with a creation or a reset. Atomic operations only.</summary>
    internal static ref long LastEpoch => ref s_lastEpoch;

    /// <summary>The blocks. For the thread that has entered.</summary>
    internal ArenaChunks Chunks { get; }

    /// <summary>Whether it was disposed.</summary>
    public bool IsDisposed => Volatile.Read(ref _state) >= Closing;

    /// <summary>An empty arena.</summary>
    /// <param name="initialBytes">What there is room for before it grows, in bytes.</param>
    /// <param name="allocator">Where its blocks come from; <see cref="NativeAllocator.Default"/> when null.</param>
    /// <param name="byteLimit">The most that may be allocated, in bytes, with padding, and 56 bytes for each open scope.</param>
    /// <param name="file">Filled in by the compiler, for <see cref="NativeMemoryTracker"/> and guards.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <returns>An arena that the caller disposes.</returns>
    /// <exception cref="ArgumentOutOfRangeException">A number is negative.</exception>
    /// <exception cref="OutOfMemoryException">Memory is exhausted.</exception>
    [EditorBrowsable(EditorBrowsableState.Never), OverloadResolutionPriority(1)]
    public static NativeArenaOwner Create(
        int initialBytes = NativeArena.DefaultInitialBytes,
        NativeAllocator? allocator = null,
        long byteLimit = long.MaxValue,
        [CallerFilePath] string? file = null,
        [CallerLineNumber] int line = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(initialBytes);
        ArgumentOutOfRangeException.ThrowIfNegative(byteLimit);
        var owner = new NativeArenaOwner(allocator, AllocationSite.At(file, line, typeof(NativeArenaOwner)));
        unsafe
        {
            // SAFETY: nobody else knows the owner; the block has room for the header.
            _ = owner.Chunks.Take((nuint)initialBytes + (nuint)sizeof(ArenaHeader) + ArenaHeader.Slack, zeroed: false);
            owner.Initialize(ticket: 0, byteLimit);
        }

        return owner;
    }

    /// <inheritdoc cref="Create(int, NativeAllocator?, long, string?, int)"/>
    public static NativeArenaOwner Create(
        int initialBytes = NativeArena.DefaultInitialBytes, NativeAllocator? allocator = null, long byteLimit = long.MaxValue) =>
        Create(initialBytes, allocator, byteLimit, file: null);

    /// <summary>Begins to use the arena, alone.</summary>
    /// <remarks>A borrow that was forgotten ends with its thread; only then can others begin.</remarks>
    /// <returns>A ref struct: declare it with <c>using</c>. Its spans cannot leave its scope.</returns>
    /// <exception cref="InvalidOperationException">The arena is borrowed already, on this or another thread.</exception>
    /// <exception cref="ObjectDisposedException">The arena was disposed.</exception>
    public ArenaBorrow Borrow()
    {
        Enter();
        _nextBorrowed = t_borrowed;
        t_borrowed = this;
        unsafe
        {
            // SAFETY: this thread is in, so the header is there, and stays until the borrow ends.
            ArenaHeader* header = Header;
            ulong ticket = header->LastTicket += ArenaGate.Step;
            _gate.Begin(ticket);
            return new ArenaBorrow(new ArenaCursor(ref _gate, ticket, header, this));
        }
    }

    /// <summary>Gives back all that was allocated, and goes on empty. Slices from before are over.</summary>
    /// <exception cref="InvalidOperationException">The arena is borrowed.</exception>
    /// <exception cref="ObjectDisposedException">The arena was disposed.</exception>
    public void Reset()
    {
        Enter();
        ulong ticket;
        long limit;
        unsafe
        {
            // SAFETY: this thread has entered, so the header is at the start of the first chunk, which lives until this thread leaves.
            ticket = Header->LastTicket;
            limit = Header->Limit;
        }

        try
        {
            Chunks.ReturnBehind(kept: 1);
        }
        finally
        {
            Initialize(ticket, limit);
            _epoch = Interlocked.Increment(ref s_lastEpoch);
            Leave();
        }
    }

    /// <summary>Lets nobody in any more, and gives everything back: now, or when the borrow ends. Once only; never throws.</summary>
    public void Dispose() => Close(isAbandoned: false);

    /// <summary>As <see cref="Dispose"/>, for a forgotten arena; false if a borrow goes on, at whose end the arena is closed.</summary>
    internal bool TryAbandon()
    {
        Close(isAbandoned: true);
        return Volatile.Read(ref _state) == Closed;
    }

    /// <summary>Ends a borrow. Nothing if it is over.</summary>
    internal static void End(ArenaCursor cursor)
    {
        if (cursor.IsNone || !cursor.Gate.IsLife(cursor.Ticket))
        {
            return;
        }

        NativeArenaOwner owner = cursor.Owner!;
        owner.EndLife();
        owner.Forget();
        owner.Leave();
    }

    /// <summary>The elements that a slice stands for.</summary>
    internal static Span<T> View<T>(ArenaCursor cursor, ArenaSlice<T> slice)
        where T : unmanaged
    {
        if (cursor.IsNone || !cursor.Gate.IsLife(cursor.Ticket))
        {
            throw ThrowHelper.Ended(nameof(ArenaBorrow));
        }

        if (slice.Length == 0)
        {
            return default;
        }

        NativeArenaOwner owner = cursor.Owner!;
        if (slice.Epoch != owner._epoch)
        {
            throw new ArgumentException("The slice is of another arena, or from before this one was reset.", nameof(slice));
        }

        unsafe
        {
            // SAFETY: this thread is in. The range is inside its chunk, behind what that begins with, and what it holds was
            // handed out: also if the slice is no slice, but bytes that memory held before, or two put together by a race.
            Block chunk = owner.Chunks[slice.Chunk]->Block;
            long byteCount = slice.Length * (long)sizeof(T);
            long first = slice.Chunk == 0 ? sizeof(ArenaHeader) : sizeof(ArenaChunk);
            Layout.ThrowIfOutside(slice.Offset - first, byteCount, (long)chunk.ByteCount - first);
            ulong start = (ulong)chunk.Start + slice.Offset;
            return IsRoom(cursor.Header, slice.Chunk, start, start + (ulong)byteCount)
                ? throw new ArgumentException(ThrowHelper.NotHandedOut, nameof(slice))
                : Block.View<T>((void*)start, slice.Length);
        }
    }

    /// <summary>Whether some of the range is not handed out, or belongs to a scope: there the arena keeps its marks.</summary>
    /// <safety>The life goes on.</safety>
    private static unsafe bool IsRoom(ArenaHeader* header, int chunk, ulong start, ulong end)
    {
        ArenaMark* scope = ArenaGrowth.Outermost(header);
        bool isScope = scope != null && chunk > scope->Last->Index;
        ulong roomStart = scope == null ? header->Next : scope->Next;
        ulong roomEnd = scope == null ? header->End : scope->End;
        return isScope || (start < roomEnd && end > roomStart);
    }

    /// <summary>What stands for elements that were just allocated.</summary>
    internal ArenaSlice<T> SliceOf<T>(Span<T> elements)
        where T : unmanaged
    {
        unsafe
        {
            // SAFETY: this thread is in, so the chunks are there.
            fixed (T* first = elements)
            {
                ArenaChunk* chunk = Header->Last;
                while (first != null && (nuint)((byte*)first - (byte*)chunk) >= chunk->Slot->ByteCount)
                {
                    chunk = chunk->Previous;
                }

                return first == null ? default : new ArenaSlice<T>(_epoch, chunk->Index, (uint)((byte*)first - (byte*)chunk), elements.Length);
            }
        }
    }

    private unsafe ArenaHeader* Header => (ArenaHeader*)Chunks[0]->Start;

    private void Initialize(ulong ticket, long byteLimit)
    {
        unsafe
        {
            // SAFETY: the caller is in, and nobody has a view of the first block.
            Slot* slot = Chunks[0];
            ArenaHeader.Initialize(Header, slot->Block, ticket, byteLimit);
            Header->First.Slot = slot;
        }
    }

    private void Enter()
    {
        int state = Interlocked.CompareExchange(ref _state, InUse, Open);
        if (state == Open)
        {
            Volatile.Write(ref _user, Thread.CurrentThread);
        }
        else if (state != InUse || !TryTakeOver())
        {
            throw state == InUse ? ThrowHelper.ArenaInUse() : ThrowHelper.Disposed(nameof(NativeArenaOwner));
        }
    }

    /// <summary>Whether the thread that was in has ended, and forgot its borrow; then the caller is in.</summary>
    private bool TryTakeOver()
    {
        Thread? before = Volatile.Read(ref _user);
        if (before is not { IsAlive: false } || Interlocked.CompareExchange(ref _user, Thread.CurrentThread, before) != before)
        {
            return false;
        }

        EndLife();
        _nextBorrowed = null;
        return true;
    }

    /// <summary>Ends what a borrow has begun. The caller is in.</summary>
    private void EndLife()
    {
        unsafe
        {
            // SAFETY: the caller is in, so the header is there.
            ArenaHeader* header = Header;
            ArenaGrowth.EndScopes(new ArenaCursor(ref _gate, header->LastTicket, header, this));
            _gate.End(header->LastTicket += ArenaGate.Step);
        }
    }

    private void Leave(bool isAbandoned = false)
    {
        // Before the state: while that says InUse, this is who is in, or null.
        Volatile.Write(ref _user, null);
        if (Interlocked.CompareExchange(ref _state, Open, InUse) == Closing)
        {
            Volatile.Write(ref _state, Closed);
            FreeAll(isAbandoned);
        }
    }

    /// <summary>Closes the arena to all threads, and gives all blocks back, unless a borrow of a live thread goes on.</summary>
    private void Close(bool isAbandoned)
    {
        while (true)
        {
            int state = Volatile.Read(ref _state);
            int next = state is Open or Closed ? Closed : Closing;
            if (Interlocked.CompareExchange(ref _state, next, state) != state)
            {
                continue;
            }

            if (state == Open)
            {
                FreeAll(isAbandoned);
            }
            else if (next == Closing && TryTakeOver())
            {
                Leave(isAbandoned);
            }

            return;
        }
    }

    /// <summary>Takes this from the list of what the thread borrows.</summary>
    private void Forget()
    {
        ref NativeArenaOwner? link = ref t_borrowed;
        while (link != this)
        {
            link = ref link!._nextBorrowed;
        }

        link = _nextBorrowed;
        _nextBorrowed = null;
    }

    private void FreeAll(bool isAbandoned)
    {
        GC.SuppressFinalize(_cleaner);
        Chunks.ReturnBehind(kept: 0, isAbandoned);
    }
}
