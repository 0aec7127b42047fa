using NativeBuffers.Allocation;
using NativeBuffers.Allocation.Budgets;
using NativeBuffers.Instrumentation;

namespace NativeBuffers;

/// <summary>An allocator with a limit, which counts the bytes in use.</summary>
/// <remarks>
/// <para>Budgets form a tree. A budget over another budget is its child, and a block of the child counts in all budgets above it. A level
/// without room refuses, and the <see cref="OutOfMemoryException"/> names that level (<see cref="NativeMemoryRefusal.Of"/>). Requested
/// bytes count, and not the bytes that an allocator uses to serve a request. No budget passes its limit at any moment, on any number
/// of threads.</para>
/// <para>A child may <em>reserve</em> bytes. They are set aside in all budgets above it, so that other children cannot take them. Dispose a
/// child that has reserved; otherwise a finalizer gives the bytes back. Blocks in use stay in use then, and count until they
/// are freed. New requests throw an <see cref="ObjectDisposedException"/>, also in budgets below it.</para>
/// <para>All members may be called from any thread, and blocks may be freed on any thread. A thread that asks often takes a parcel of bytes
/// at a time, as its <em>credit</em>, and then needs no lock. Credit is charged on all levels. Before a level refuses, it calls
/// in the credit of all threads, so nothing is refused while there is room. A level adds up its blocks, and all requests and frees that have
/// not returned yet. It refuses only if the sum is above its limit at one moment of the call.</para>
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
    /// <summary>The most calls in a row that free nothing, because other threads take the freed bytes.</summary>
    private const int MostVainRounds = 100;

    /// <summary>The most calls of callbacks for one allocation.</summary>
    private const int MostRounds = 1_000_000;

    private static int s_lastSerial;

    /// <summary>The last refusal on this thread, until its exception is made, or the next allocation.</summary>
    [ThreadStatic]
    private static NativeMemoryRefusal? t_refusal;

    [ThreadStatic]
    private static bool t_isInCallback;

    private readonly int _serial = Interlocked.Increment(ref s_lastSerial);
    private readonly NativeAllocator _source;
    private readonly BudgetLevel _level;
    private int _isDisposed;
    private int _hasFinalizer;

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
            if (!_level.TryReserve(options.ReservedBytes, _serial, out BudgetLevel? refusing, out NativeMemoryRefusal? refusal))
            {
                Refuse(refusing, refusal);
                throw RefusalOf((nuint)options.ReservedBytes);
            }

            RegisterFinalizer();
        }
    }

    /// <summary>Ends the reservations of a budget that was not disposed.</summary>
    ~NativeMemoryBudget() => _level?.Close(this);

    /// <summary>The budget above this one; null if there is none.</summary>
    public NativeMemoryBudget? Parent { get; }

    /// <summary>The most bytes that may be in use at a time.</summary>
    public long Limit => _level.Limit;

    /// <summary>The bytes in use now, in this budget and the budgets below it. The credit of threads is not in use.</summary>
    /// <remarks>
    /// It is exact for all allocations and frees that happened before the call. Those of other threads during the call may count or not.
    /// </remarks>
    public long UsedBytes => _level.Used;

    /// <summary>The most bytes that were in use at a time; never more than the limit.</summary>
    /// <remarks>
    /// It is exact where one thread uses one budget of the tree. Otherwise it may be too high or too low, at most by the credit of all
    /// threads in this budget and the budgets below it. A thread has at most 128 KiB of credit in a budget. A thread whose
    /// largest block there has 64 to 256 KiB has at most twice the size of that block.
    /// </remarks>
    public long PeakBytes => _level.Peak;

    /// <summary>The bytes that the budgets above keep for this one, used or not.</summary>
    public long ReservedBytes => _level.Reserved;

    /// <summary>The bytes that budgets below have reserved and do not use. This budget gives them to no other budget.</summary>
    public long SetAsideBytes => _level.SetAside;

    /// <summary>
    /// The number of requests that this level refused, for blocks or reservations. A request for which a callback made room is no refusal. A
    /// failed growth of a list is at most one refusal, although the list asks for twice the size at first.
    /// </summary>
    public long RefusedCount => _level.Refused;

    /// <summary>Whether the budget was disposed.</summary>
    public bool IsDisposed => Volatile.Read(ref _isDisposed) != 0;

    /// <summary>Sets bytes aside for this budget in all budgets above it, in addition to earlier reservations.</summary>
    /// <remarks>No callback is asked to make room: <see cref="NativeMemoryBudgetOptions.OnRefusal"/> is called for blocks only.</remarks>
    /// <param name="byteCount">In bytes.</param>
    /// <returns>A reservation, which the caller disposes.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="byteCount"/> is negative.</exception>
    /// <exception cref="OutOfMemoryException">A budget above has no room, or this budget's limit is lower. Nothing has changed.</exception>
    /// <exception cref="ObjectDisposedException">The budget was disposed, or one above it.</exception>
    public NativeMemoryReservation Reserve(long byteCount) =>
        TryReserve(byteCount) ?? throw RefusalOf((nuint)byteCount);

    /// <summary><see cref="Reserve"/> that returns null when there is no room.</summary>
    /// <inheritdoc cref="Reserve" path="/param|/remarks"/>
    /// <returns>A reservation, which the caller disposes; or null.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="byteCount"/> is negative.</exception>
    /// <exception cref="ObjectDisposedException">The budget was disposed, or one above it.</exception>
    public NativeMemoryReservation? TryReserve(long byteCount)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(byteCount);
        var reservation = new NativeMemoryReservation(this, byteCount);
        if (!_level.TryReserve(byteCount, _serial, out BudgetLevel? refusing, out NativeMemoryRefusal? refusal))
        {
            Refuse(refusing, refusal);
            return null;
        }

        RegisterFinalizer();
        return reservation;
    }

    /// <summary>Ends the reservations, and refuses new blocks from now on, here and below. Blocks in use stay in use. Never throws.</summary>
    public void Dispose()
    {
        Volatile.Write(ref _isDisposed, 1);
        _level.Close(this);
        GC.SuppressFinalize(this);
    }

    /// <summary>Shows the number of this budget to the thread caches, if they serve its blocks; or 0.</summary>
    /// <remarks>A process with guards or tracking sees each block, so its caches serve no budget.</remarks>
    internal void Show(int number) => ChargedNumber = _source.IsDefault && !InstrumentationSwitch.IsOn ? number : 0;

    /// <summary>Closes the credit of an ended thread: see <see cref="BudgetLevel.Drop"/>.</summary>
    /// <inheritdoc cref="BudgetLevel.Drop" path="/safety"/>
    internal unsafe void Drop(Credit* credit) => _level.Drop(credit);

    /// <inheritdoc cref="LevelCredits.NoteEmpty"/>
    internal void NoteEmpty(int change) => _level.Credits.NoteEmpty(change);

    /// <inheritdoc cref="BudgetLevel.LetGoIfUnused"/>
    internal void LetGoIfUnused() => _level.LetGoIfUnused();

    /// <summary>Charges bytes before they are used. The caller settles them. False if a level refuses.</summary>
    /// <exception cref="ObjectDisposedException">The byte count is not 0, and this budget or one above it was disposed.</exception>
    internal bool TryCharge(long byteCount)
    {
        t_refusal = null;
        unsafe
        {
            // SAFETY: own is this thread's credit or null. It lives until the thread has ended (CreditTable), so its fields may be used here.
            Credit* own = CreditHere();
            return (own != null && Credit.TryTake(own, byteCount)) || TryChargeSlow(byteCount, own);
        }
    }

    /// <summary>Confirms charged bytes that are in use now, or gives them back if the request has failed.</summary>
    internal void Settle(long byteCount, bool isUsed)
    {
        unsafe
        {
            // SAFETY: own is this thread's credit or null. It lives until the thread has ended (CreditTable), so its fields may be used here.
            Credit* own = CreditHere();
            if (isUsed)
            {
                if (own != null)
                {
                    Credit.Confirm(own);
                }
            }
            else if (own == null || !Credit.TryGive(own, byteCount))
            {
                _level.Cancel(byteCount, own);
            }
        }
    }

    /// <summary>Gives the bytes of a freed block back.</summary>
    internal void Refund(long byteCount)
    {
        unsafe
        {
            // SAFETY: own is this thread's credit or null. It lives until the thread has ended (CreditTable), so its fields may be used here.
            Credit* own = CreditHere();
            if (own == null || !Credit.TryGive(own, byteCount))
            {
                _level.Refund(byteCount, own);
            }
        }
    }

    internal void EndReservation(long byteCount) => _level.EndReservation(byteCount);

    /// <inheritdoc/>
    internal override OutOfMemoryException? BudgetRefusalOf(nuint byteCount)
    {
        if (t_refusal is { } refusal && refusal.Asker == _serial)
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
        // The bytes are still in use if this throws.
        _source.GiveBack(block, byteCount, alignment);
        Refund((long)byteCount);
    }

    /// <inheritdoc/>
    internal override unsafe void FreeOfOwner(void* block, nuint byteCount, nuint alignment)
    {
        _source.FreeOfOwner(block, byteCount, alignment);
        Refund((long)byteCount);
    }

    /// <inheritdoc cref="ResizeCore" path="/remarks"/>
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
            Refund((long)(oldByteCount - newByteCount));
        }

        return resized;
    }

    /// <summary>Lets the finalizer end reservations. Only a budget that has reserved costs one.</summary>
    private void RegisterFinalizer()
    {
        if (Interlocked.Exchange(ref _hasFinalizer, 1) == 0)
        {
            GC.ReRegisterForFinalize(this);
        }
    }

    /// <summary>This thread's credit; null if it has none.</summary>
    /// <safety>The credit is the caller's thread's.</safety>
    private unsafe Credit* CreditHere()
    {
        int number = _level.Credits.Number;
        return number == 0 ? null : CreditTable.FindOrMake(number);
    }

    /// <safety>The credit is this thread's, or null.</safety>
    private unsafe bool TryChargeSlow(long byteCount, Credit* own)
    {
        if (_level.Credits.Number == 0 && _level.Credits.CountRequest())
        {
            _level.TakeNumber(this);
            own = CreditHere();
        }

        bool isCharged = _level.TryCharge(byteCount, _serial, own, out BudgetLevel? refusing, out NativeMemoryRefusal? refusal);
        for (int round = 0, vain = 0; !isCharged && round < MostRounds && vain < MostVainRounds && MakesRoom(refusing!, refusal!); round++)
        {
            (BudgetLevel? asked, NativeMemoryRefusal before) = (refusing, refusal!);
            isCharged = _level.TryCharge(byteCount, _serial, own, out refusing, out refusal);
            vain = asked == refusing && refusal!.TakenBytes >= before.TakenBytes ? vain + 1 : 0;
        }

        if (!isCharged)
        {
            Refuse(refusing!, refusal!);
        }

        return isCharged;
    }

    /// <summary>Calls the callback of the level that refused; true if it freed bytes.</summary>
    private static bool MakesRoom(BudgetLevel refusing, NativeMemoryRefusal refusal)
    {
        if (refusing.OnRefusal is not { } callback || t_isInCallback)
        {
            return false;
        }

        // The callback may allocate, and then notes and forgets its own site. Its own refusals count.
        AllocationSite noted = AllocationSite.Noted;
        bool isTrial = BudgetLevel.SetTrial(isTrial: false);
        t_isInCallback = true;
        try
        {
            return callback(refusal) && refusing.GivenBack != refusal.GivenBack;
        }
        finally
        {
            t_isInCallback = false;
            _ = BudgetLevel.SetTrial(isTrial);
            AllocationSite.Note(noted);
        }
    }

    private static void Refuse(BudgetLevel refusing, NativeMemoryRefusal refusal)
    {
        t_refusal = refusal;
        if (!BudgetLevel.IsTrial)
        {
            refusing.CountRefusal();
            DiagnosticEvent.BudgetRefusal.Raise(refusal.ToString);
        }
    }
}
