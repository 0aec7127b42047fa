using System.Diagnostics;
using NativeBuffers.Arenas;
using NativeBuffers.Instrumentation;
using NativeBuffers.Primitives;

namespace NativeBuffers;

/// <summary>An arena that fields can hold, and that one thread after another can use, through a borrow.</summary>
/// <remarks>
/// <para>Dispose it. The memory of an owner that was not disposed is freed after a garbage collection or two, and counted
/// (<see cref="NativeMemoryTracker.AbandonedCount"/>).</para>
/// <para>All members may be called from any thread. There is one borrow at a time: a second one throws, on any thread. An arena that is
/// disposed during a borrow is freed when the borrow ends.</para>
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
[DebuggerDisplay("IsBorrowed = {IsBorrowed}, IsDisposed = {IsDisposed}")]
[DebuggerTypeProxy(typeof(ArenaDebugView))]
public sealed class NativeArenaOwner : IDisposable
{
    private const int Open = 0;
    private const int InUse = 1;
    private const int Closing = 2;
    private const int Closed = 3;

    private static long s_lastEpoch;

    // The arenas that this thread borrows. A borrow that is never disposed must keep its arena, to which nothing else may refer.
    [ThreadStatic]
    private static NativeArenaOwner? t_borrowed;

    private readonly ArenaChunks _chunks;
    private readonly Cleaner _cleaner;
    private NativeArenaOwner? _nextBorrowed;
    private Thread? _user;
    private ArenaGenerations _generations;
    private int _state;

    private NativeArenaOwner(NativeAllocator? allocator, AllocationSite site)
    {
        _chunks = new ArenaChunks(allocator, site);
        _cleaner = new Cleaner(this);
    }

    /// <summary>The number of the last life of any arena. For tests.</summary>
    internal static ref long LastEpoch => ref s_lastEpoch;

    /// <summary>For the debugger.</summary>
    /// <safety>Valid while the arena is not disposed, and this thread has entered, or no other thread runs.</safety>
    internal unsafe ArenaHeader* Header => _chunks.Header;

    /// <summary>Whether it was disposed.</summary>
    public bool IsDisposed => Volatile.Read(ref _state) >= Closing;

    /// <summary>Whether a thread uses it. For the debugger.</summary>
    private bool IsBorrowed => Volatile.Read(ref _state) == InUse;

    /// <inheritdoc cref="NativeArena.Create(int, NativeAllocator?, long, string?, int)"/>
    /// <returns>An arena that the caller disposes.</returns>
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
            // SAFETY: the slot belongs to the new owner, whose chunks return it, and its block has room for the header and the slack.
            _ = owner._chunks.Take((nuint)initialBytes + (nuint)sizeof(ArenaHeader) + ArenaHeader.Slack, zeroed: false);
        }

        owner._chunks.Initialize(generation: 0, byteLimit, NextEpoch());
        return owner;
    }

    /// <inheritdoc cref="Create(int, NativeAllocator?, long, string?, int)"/>
    public static NativeArenaOwner Create(
        int initialBytes = NativeArena.DefaultInitialBytes, NativeAllocator? allocator = null, long byteLimit = long.MaxValue) =>
        Create(initialBytes, allocator, byteLimit, file: null);

    /// <summary>Begins the use of the arena by this thread alone.</summary>
    /// <remarks>A borrow that was not disposed ends with its thread. Only after that can another borrow begin.</remarks>
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
            // SAFETY: this thread has entered, so the header is valid until the borrow ends.
            ArenaHeader* header = _chunks.Header;
            ulong generation = header->LastGeneration += ArenaGenerations.Step;
            _generations.Begin(generation);
            return new ArenaBorrow(new ArenaHandle(ref _generations, generation, header, _chunks), this);
        }
    }

    /// <summary>Frees all elements. The arena is empty afterwards, and slices from before are invalid.</summary>
    /// <exception cref="InvalidOperationException">The arena is borrowed.</exception>
    /// <exception cref="ObjectDisposedException">The arena was disposed.</exception>
    [MethodImpl(MethodImplOptions.NoInlining)] // Its finally would keep the variables of the caller in the frame.
    public void Reset()
    {
        Enter();
        ulong generation;
        long limit;
        unsafe
        {
            // SAFETY: this thread has entered, so the header is valid until this thread leaves.
            generation = _chunks.Header->LastGeneration;
            limit = _chunks.Header->Limit;
        }

        try
        {
            _chunks.ReturnAfter(kept: 1);
        }
        finally
        {
            _chunks.Initialize(generation, limit, NextEpoch());
            Leave();
        }
    }

    /// <summary>Closes the arena, and frees its memory now or when the borrow ends. A second call does nothing. Never throws.</summary>
    public void Dispose() => Close(isAbandoned: false);

    /// <summary>Ends the borrow that is alive. For the thread that has it.</summary>
    internal void EndBorrow()
    {
        EndLife();
        RemoveFromBorrowed();
        Leave();
    }

    /// <summary>The elements of a slice, for the borrow that is alive.</summary>
    internal Span<T> View<T>(ArenaSlice<T> slice)
        where T : unmanaged =>
        slice.Length == 0 ? default
        : slice.Epoch == _chunks.Epoch ? _chunks.View(slice)
        : throw new ArgumentException(ThrowHelper.OtherLife, nameof(slice));

    /// <summary>The number of the next life of an arena. Its lower half is not 0, which is that of no life.</summary>
    private static long NextEpoch()
    {
        long epoch;
        do
        {
            epoch = Interlocked.Increment(ref s_lastEpoch);
        }
        while ((uint)epoch == 0);

        return epoch;
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

    /// <summary>Takes the arena over from a thread that has ended without disposing its borrow. True if the caller has entered.</summary>
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

    /// <summary>Ends a borrow and its scopes. The caller has entered.</summary>
    private void EndLife()
    {
        unsafe
        {
            // SAFETY: the caller has entered, so the header is valid until it leaves.
            ArenaHeader* header = _chunks.Header;
            ArenaSlowPath.EndScopes(new ArenaHandle(ref _generations, header->LastGeneration, header, _chunks));
            _generations.End(header->LastGeneration += ArenaGenerations.Step);
        }
    }

    private void Leave(bool isAbandoned = false)
    {
        // Before the state: while the state is InUse, this field has the thread that has entered, or null.
        Volatile.Write(ref _user, null);
        if (Interlocked.CompareExchange(ref _state, Open, InUse) == Closing)
        {
            Volatile.Write(ref _state, Closed);
            FreeAll(isAbandoned);
        }
    }

    /// <summary>Closes the arena to all threads, and frees its blocks unless a live thread borrows it.</summary>
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

    private void RemoveFromBorrowed()
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
        _chunks.ReturnAfter(kept: 0, isAbandoned);
    }

    /// <summary>Closes an arena that was not disposed, by its finalizer. The arena and its cleaner refer to each other.</summary>
    /// <remarks>
    /// A finalizer of the program may make the arena reachable again after the collector has found it. In that case this finalizer and
    /// the program's threads compete for the arena's state, like any two threads. The arena is closed once, and a borrow that began
    /// before keeps its memory.
    /// </remarks>
    private sealed class Cleaner(NativeArenaOwner arena)
    {
        ~Cleaner()
        {
            try
            {
                arena.Close(isAbandoned: true);
                if (Volatile.Read(ref arena._state) != Closed)
                {
                    // A live thread borrows the arena. If the borrow is never disposed, this finalizer runs again.
                    GC.ReRegisterForFinalize(this);
                }
            }
            catch (Exception)
            {
                // A finalizer must not throw. Memory is exhausted, or the user's allocator has thrown.
            }
        }
    }
}
