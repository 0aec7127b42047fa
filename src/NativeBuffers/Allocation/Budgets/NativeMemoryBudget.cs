using NativeBuffers.Allocation;
using NativeBuffers.Allocation.Budgets;
using NativeBuffers.Instrumentation;

namespace NativeBuffers;

/// <summary>An allocator that gives no more than a number of bytes at a time, and counts what it has given.</summary>
/// <remarks>
/// <para>Budgets form a tree: one that is made over another is its child, and what the child gives counts in all above it. Whoever has no
/// room refuses, and the <see cref="OutOfMemoryException"/> names that level (<see cref="NativeMemoryRefusal.Of"/>). What counts is what was asked for, in bytes, and not what an allocator takes to
/// serve it. No budget passes its limit at any moment, on however many threads.</para>
/// <para>A child may <em>reserve</em>: that much is set aside in all budgets above it, so that those beside it cannot take it. Dispose a
/// child that has reserved, or it is given back after a garbage collection. Blocks in use stay in use then, and count until they
/// are freed; new ones throw an <see cref="ObjectDisposedException"/>, also those of budgets below it.</para>
/// <para>All members may be called from any thread, and blocks be freed on any.</para>
/// </remarks>
/// <example>
/// <code>
/// var server = NativeAllocator.Default.WithBudget(new() { Name = "Server", Limit = 1 &lt;&lt; 30 });
/// using var requests = server.WithBudget(new() { Name = "Requests", Limit = 256 &lt;&lt; 20, ReservedBytes = 16 &lt;&lt; 20 });
/// using var buffer = NativeBuffer.Create&lt;byte&gt;(4096, requests);
/// </code>
/// </example>
public sealed class NativeMemoryBudget : NativeAllocator, IDisposable
{
    /// <summary>How often a callback is asked in a row without less being taken then: if others take what it frees, there must be an end to it.</summary>
    private const int MostVainRounds = 100;

    /// <summary>How often callbacks are asked for one allocation at all.</summary>
    private const int MostRounds = 1_000_000;

    private static int s_lastNumber;

    /// <summary>What was refused last on this thread, until somebody asks why, or the next allocation.</summary>
    [ThreadStatic]
    private static NativeMemoryRefusal? t_refusal;

    [ThreadStatic]
    private static bool t_isInCallback;

    private readonly int _number = Interlocked.Increment(ref s_lastNumber);
    private readonly NativeAllocator _source;
    private readonly BudgetLevel _level;
    private int _isDisposed;
    private int _isWatchedOver;

    internal NativeMemoryBudget(NativeAllocator inner, NativeMemoryBudgetOptions options)
        : base(options.Name ?? $"Limit({inner.Name})", inner, AllocatorLayers.Budget)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.ReservedBytes, options.Limit, nameof(options));
        Parent = inner as NativeMemoryBudget;
        ObjectDisposedException.ThrowIf(Parent is { IsDisposed: true }, typeof(NativeMemoryBudget));
        _source = Parent is null ? inner : Parent._source;
        _level = new BudgetLevel(Name, options.Limit, Parent?._level, options.OnRefusal);
        GC.SuppressFinalize(this);
        if (options.ReservedBytes != 0)
        {
            if (!_level.TryReserve(options.ReservedBytes, _number, out BudgetLevel? refusing, out NativeMemoryRefusal? refusal))
            {
                Refuse(refusing, refusal);
                throw RefusalOf((nuint)options.ReservedBytes);
            }

            WatchOver();
        }
    }

    /// <summary>What was forgotten must not keep what it has reserved.</summary>
    ~NativeMemoryBudget() => _level?.Close();

    /// <summary>The budget that this one is part of; null if there is none.</summary>
    public NativeMemoryBudget? Parent { get; }

    /// <summary>The most that may be in use at a time, in bytes.</summary>
    public long Limit => _level.Limit;

    /// <summary>What is in use now, in this budget and those below it, in bytes.</summary>
    public long UsedBytes => _level.Used;

    /// <summary>The most that was in use at a time, in bytes.</summary>
    public long PeakBytes => _level.Peak;

    /// <summary>What the budgets above keep for this one, whether it uses it or not, in bytes.</summary>
    public long ReservedBytes => _level.Reserved;

    /// <summary>Bytes that budgets below have reserved and do not use. This budget gives them to no other.</summary>
    public long SetAsideBytes => _level.SetAside;

    /// <summary>
    /// How often this level refused a block, or room that was to be set aside. A request that a callback made room for is no refusal. A
    /// failed growth of a list is at most one refusal, although the list asks for twice as much at first.
    /// </summary>
    public long RefusedCount => _level.Refused;

    /// <summary>Whether it was disposed.</summary>
    public bool IsDisposed => Volatile.Read(ref _isDisposed) != 0;

    /// <summary>Sets room aside for this budget in all above it, beside what it has reserved already.</summary>
    /// <remarks>Nobody is asked to make room: <see cref="NativeMemoryBudgetOptions.OnRefusal"/> is called for blocks only.</remarks>
    /// <param name="byteCount">In bytes.</param>
    /// <returns>What ends the reservation: the caller disposes it.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="byteCount"/> is negative.</exception>
    /// <exception cref="OutOfMemoryException">One of them has no room, or this one's limit is lower. Nothing has changed.</exception>
    /// <exception cref="ObjectDisposedException">The budget was disposed, or one above it.</exception>
    public NativeMemoryReservation Reserve(long byteCount) =>
        TryReserve(byteCount) ?? throw RefusalOf((nuint)byteCount);

    /// <summary>As <see cref="Reserve"/>, but null when there is no room.</summary>
    /// <inheritdoc cref="Reserve" path="/param|/remarks"/>
    /// <returns>What ends the reservation, which the caller disposes; or null.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="byteCount"/> is negative.</exception>
    /// <exception cref="ObjectDisposedException">The budget was disposed, or one above it.</exception>
    public NativeMemoryReservation? TryReserve(long byteCount)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(byteCount);
        var reservation = new NativeMemoryReservation(this, byteCount);
        if (!_level.TryReserve(byteCount, _number, out BudgetLevel? refusing, out NativeMemoryRefusal? refusal))
        {
            Refuse(refusing, refusal);
            return null;
        }

        WatchOver();
        return reservation;
    }

    /// <summary>Gives back what was reserved, and gives no new blocks from now on, here and below. Blocks in use stay so. Never throws.</summary>
    public void Dispose()
    {
        Volatile.Write(ref _isDisposed, 1);
        _level.Close();
        GC.SuppressFinalize(this);
    }

    internal void EndReservation(long byteCount) => _level.EndReservation(byteCount);

    internal override OutOfMemoryException? BudgetRefusalOf(nuint byteCount)
    {
        if (t_refusal is { } refusal && refusal.Asker == _number)
        {
            t_refusal = null;
            return refusal.ToException();
        }

        // Perhaps a budget of another tree has refused, after a layer between the two trees.
        return _source.BudgetRefusalOf(byteCount);
    }

    /// <inheritdoc/>
    protected override unsafe void* AllocateCore(nuint byteCount, nuint alignment, bool zeroed)
    {
        if (!TryCharge((long)byteCount))
        {
            return null;
        }

        void* block = null;
        try
        {
            block = _source.Obtain(byteCount, alignment, zeroed);
        }
        finally
        {
            Settle((long)byteCount, isUsed: block != null);
        }

        return block;
    }

    /// <inheritdoc/>
    protected override unsafe void* ResizeCore(void* block, nuint oldByteCount, nuint newByteCount, nuint alignment) =>
        Resize(block, oldByteCount, newByteCount, alignment, zeroed: true);

    /// <inheritdoc/>
    protected override unsafe void* ResizeUninitializedCore(void* block, nuint oldByteCount, nuint newByteCount, nuint alignment) =>
        Resize(block, oldByteCount, newByteCount, alignment, zeroed: false);

    /// <inheritdoc/>
    protected override unsafe void FreeCore(void* block, nuint byteCount, nuint alignment)
    {
        // Should it throw, it was no block.
        _source.GiveBack(block, byteCount, alignment);
        _level.Refund((long)byteCount);
    }

    internal override unsafe void FreeOfOwner(void* block, nuint byteCount, nuint alignment)
    {
        _source.FreeOfOwner(block, byteCount, alignment);
        _level.Refund((long)byteCount);
    }

    private unsafe void* Resize(void* block, nuint oldByteCount, nuint newByteCount, nuint alignment, bool zeroed)
    {
        long growth = long.Max((long)newByteCount - (long)oldByteCount, 0);
        if (!TryCharge(growth))
        {
            return null;
        }

        void* resized = null;
        try
        {
            resized = _source.TryResize(block, oldByteCount, newByteCount, alignment, zeroed);
        }
        finally
        {
            Settle(growth, isUsed: resized != null);
        }

        if (resized != null && newByteCount < oldByteCount)
        {
            _level.Refund((long)(oldByteCount - newByteCount));
        }

        return resized;
    }

    /// <summary>Has the finalizer end what is reserved: only who reserves costs one.</summary>
    private void WatchOver()
    {
        if (Interlocked.Exchange(ref _isWatchedOver, 1) == 0)
        {
            GC.ReRegisterForFinalize(this);
        }
    }

    /// <summary>Says what became of what was charged.</summary>
    private void Settle(long byteCount, bool isUsed)
    {
        if (isUsed)
        {
            _level.Confirm();
        }
        else
        {
            _level.Refund(byteCount);
        }
    }

    private bool TryCharge(long byteCount)
    {
        t_refusal = null;
        bool isCharged = _level.TryCharge(byteCount, _number, out BudgetLevel? refusing, out NativeMemoryRefusal? refusal);
        for (int round = 0, vain = 0; !isCharged && round < MostRounds && vain < MostVainRounds && MakesRoom(refusing!, refusal!); round++)
        {
            (BudgetLevel? asked, NativeMemoryRefusal before) = (refusing, refusal!);
            isCharged = _level.TryCharge(byteCount, _number, out refusing, out refusal);
            vain = asked == refusing && refusal!.TakenBytes >= before.TakenBytes ? vain + 1 : 0;
        }

        if (!isCharged)
        {
            Refuse(refusing!, refusal!);
        }

        return isCharged;
    }

    /// <summary>Asks who may free something; whether something was freed.</summary>
    private static bool MakesRoom(BudgetLevel refusing, NativeMemoryRefusal refusal)
    {
        if (refusing.OnRefusal is not { } callback || t_isInCallback)
        {
            return false;
        }

        // It may allocate, and then notes and forgets an site of its own.
        AllocationSite noted = AllocationSite.Noted;
        t_isInCallback = true;
        using BudgetTrial none = BudgetTrial.None();
        try
        {
            return callback(refusal) && refusing.GivenBack != refusal.GivenBack;
        }
        finally
        {
            t_isInCallback = false;
            AllocationSite.Note(noted);
        }
    }

    private static void Refuse(BudgetLevel refusing, NativeMemoryRefusal refusal)
    {
        t_refusal = refusal;
        if (!BudgetTrial.IsOn)
        {
            refusing.CountRefusal();
            Tally.Count(Happening.BudgetRefusal, refusal.ToString);
        }
    }
}
