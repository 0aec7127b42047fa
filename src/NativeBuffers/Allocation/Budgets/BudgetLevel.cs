using NativeBuffers.Primitives;

namespace NativeBuffers.Allocation.Budgets;

/// <summary>One level of a tree of budgets: its requests, with the lock of the tree.</summary>
/// <remarks>
/// The whole tree has one lock. So a charge is made on all levels or on none, and no thread sees it on some of them. Threads that ask
/// often take a parcel of bytes at a time: their <see cref="Credit"/>. It counts as used here, so no limit can be passed. Before
/// a level refuses, it calls in all credits in it and below, so nothing is refused while there is room.
/// </remarks>
internal sealed class BudgetLevel : BudgetCounts
{
    [ThreadStatic]
    private static bool t_isTrial;

    private readonly BudgetTree _tree;
    private readonly BudgetGroup _group;

    // Under the lock.
    private long _refused;

    /// <summary>The fewest unused bytes of the open credits here, as last noted.</summary>
    private long _ownUnused;

    public BudgetLevel(string name, long limit, BudgetLevel? above, Func<NativeMemoryRefusal, bool>? onRefusal)
        : base(above, limit)
    {
        Name = name;
        OnRefusal = onRefusal;
        _tree = above is null ? new BudgetTree() : above._tree;
        Credits = new LevelCredits(_tree, this);
        _group = BudgetGroup.Join(name, this);
    }

    /// <summary>True while this thread repeats its requests if they are refused. Their refusals are neither counted nor reported then.</summary>
    /// <remarks>So a failed growth of a list counts as one refusal, although the list asks several times.</remarks>
    public static bool IsTrial => t_isTrial;

    public string Name { get; }

    /// <summary>Called, without the lock, when this level has refused a request.</summary>
    public Func<NativeMemoryRefusal, bool>? OnRefusal { get; }

    /// <summary>The number of this level, and the credits of threads in it.</summary>
    public LevelCredits Credits { get; }

    /// <summary>The bytes in use here and below, without the credits of threads.</summary>
    public long Used => Read(static level => level.FindUsed());

    /// <summary>The most bytes that were in use at a time; if several threads had credit, perhaps more by their credits.</summary>
    public long Peak => Read(static level => level.FindPeak());

    /// <summary>The bytes that the levels above keep for this one.</summary>
    public long Reserved => Read(static level => level.ReservedBytes);

    /// <summary>The bytes that are kept here for levels below, which do not use them.</summary>
    public long SetAside => Read(static level => level.FindSetAside());

    /// <summary>The number of requests that this level refused.</summary>
    public long Refused => Read(static level => level._refused);

    /// <summary>The sum of all bytes that came back here. It only grows.</summary>
    public long GivenBack => Read(static level => level.FindGivenBack());

    /// <summary>Sets <see cref="IsTrial"/>, and returns its earlier value, which the caller sets again.</summary>
    public static bool SetTrial(bool isTrial)
    {
        bool before = t_isTrial;
        t_isTrial = isTrial;
        return before;
    }

    /// <summary>Takes a number for the budget of this level, unless the level is closed or memory is exhausted.</summary>
    public void TakeNumber(NativeMemoryBudget budget)
    {
        BudgetNumbers.SweepIfMany();
        using (_tree.Enter())
        {
            if (!IsClosed)
            {
                Credits.TakeNumber(budget);
                budget.Show(Credits.Number);
            }
        }
    }

    /// <summary>Counts bytes before they are used; false if a level refuses, and then nothing has changed.</summary>
    /// <param name="byteCount">In bytes.</param>
    /// <param name="asker">The number of the requested budget, for the refusal.</param>
    /// <param name="own">This thread's credit here, which gets a parcel; or null.</param>
    /// <param name="refusing">The level that refuses.</param>
    /// <param name="refusal">The counts of that level at this moment.</param>
    /// <exception cref="ObjectDisposedException">The byte count is not 0, and this level or one above is closed.</exception>
    /// <safety>The credit is the caller's thread's.</safety>
    public unsafe bool TryCharge(
        long byteCount,
        int asker,
        Credit* own,
        [NotNullWhen(false)] out BudgetLevel? refusing,
        [NotNullWhen(false)] out NativeMemoryRefusal? refusal)
    {
        using (_tree.Enter())
        {
            if (byteCount > 0)
            {
                ThrowIfClosed();
            }

            do
            {
                refusing = (BudgetLevel?)FindRefusing(byteCount);
            }
            while (refusing is not null && refusing.TryCallIn(own));

            refusal = refusing?.MakeRefusal(byteCount, asker);
            if (refusing is null)
            {
                Credits.Hold();
                NotePeaks();
                AddUsed(byteCount);
                MoveParcel(own, byteCount);
            }

            return refusing is null;
        }
    }

    /// <summary>Takes charged bytes back whose request has failed. They are no peak.</summary>
    /// <inheritdoc cref="Refund" path="/param|/safety"/>
    public unsafe void Cancel(long byteCount, Credit* own)
    {
        using (_tree.Enter())
        {
            AddUsed(-byteCount);
            MoveParcel(own, long.MaxValue);
            NotePeaks();
            FreeNumberIfOver();
        }
    }

    /// <summary>Gives charged bytes back.</summary>
    /// <param name="byteCount">In bytes.</param>
    /// <param name="own">This thread's credit here, which keeps some of the bytes; or null.</param>
    /// <safety>The credit is the caller's thread's.</safety>
    public unsafe void Refund(long byteCount, Credit* own)
    {
        using (_tree.Enter())
        {
            NotePeaks();
            AddUsed(-byteCount);
            MoveParcel(own, byteCount);
            FreeNumberIfOver();
        }
    }

    /// <summary>Sets bytes aside in the levels above; false if one refuses, and then nothing has changed.</summary>
    /// <inheritdoc cref="TryCharge" path="/param"/>
    /// <exception cref="ObjectDisposedException">This level or one above is closed.</exception>
    public bool TryReserve(
        long byteCount,
        int asker,
        [NotNullWhen(false)] out BudgetLevel? refusing,
        [NotNullWhen(false)] out NativeMemoryRefusal? refusal)
    {
        using (_tree.Enter())
        {
            ThrowIfClosed();
            do
            {
                refusing = (BudgetLevel?)FindRefusingReservation(byteCount);
            }
            while (refusing is not null && refusing.CallIn());

            refusal = refusing?.MakeRefusal(byteCount, asker);
            if (refusing is null)
            {
                _tree.HasReserved = true;
                AddReserved(byteCount);
            }

            return refusing is null;
        }
    }

    /// <summary>Ends a reservation. Does nothing if the level is closed, because all reservations have then ended.</summary>
    public void EndReservation(long byteCount)
    {
        using (_tree.Enter())
        {
            if (!IsClosed)
            {
                AddReserved(-byteCount);
            }
        }
    }

    /// <summary>Ends all reservations, and calls in all credits: no thread gets more bytes here or below.</summary>
    public void Close(NativeMemoryBudget budget)
    {
        using (_tree.Enter())
        {
            if (!IsClosed)
            {
                _ = CallIn();
                AddReserved(-ReservedBytes);
                IsClosed = true;
                budget.Show(number: 0);
                FreeNumberIfOver();
            }
        }
    }

    /// <summary>Lets the number let go of the budget if no bytes are in use.</summary>
    public void LetGoIfUnused()
    {
        using (_tree.Enter())
        {
            if (UsedBytes == _tree.CreditIn(this))
            {
                _ = CallIn();
                if (UsedBytes == 0)
                {
                    Credits.LetGo();
                }
            }
        }
    }

    /// <summary>Closes the credit of a thread that has ended.</summary>
    /// <safety>The thread has ended. Afterwards this level does not know the credit.</safety>
    public unsafe void Drop(Credit* credit)
    {
        using (_tree.Enter())
        {
            if (credit->IsOpen)
            {
                NotePeaks();
                long left = Credits.Close(credit);
                AddUsed(-left);
                NoteUnused();
                FreeNumberIfOver();
            }
        }
    }

    /// <summary>Closes all open credits in this level, and gives their bytes back here and above.</summary>
    /// <remarks>Their visit was announced, and a barrier has come after, as <see cref="BudgetTree.CallIn"/> says.</remarks>
    /// <safety>The credit is the caller's thread's, or null.</safety>
    public unsafe void CloseCredits(Credit* own)
    {
        Credits.WaitForOwners(own);
        NotePeaks();
        long left = Credits.CloseAll();
        AddUsed(-left);
        NoteUnused();
    }

    /// <summary>Updates the peaks of this level and those above. With the lock, before used bytes become fewer.</summary>
    public void NotePeaks()
    {
        NoteUnused();
        UpdatePeaks();
    }

    /// <summary>Counts a refusal, after no callback could make room.</summary>
    public void CountRefusal()
    {
        using (_tree.Enter())
        {
            _refused++;
        }

        _group.CountRefusal();
    }

    /// <summary>All figures at one moment; null if the level is closed and none of its bytes is in use.</summary>
    public (long Used, long? Limit, long Reserved, long SetAside)? Measure()
    {
        using (_tree.Enter())
        {
            long setAside = FindSetAside();
            long used = FindUsed();
            return IsClosed && used == 0 ? null : (used, Limit == long.MaxValue ? null : Limit, ReservedBytes, setAside);
        }
    }

    private void ThrowIfClosed()
    {
        if (FindClosed() is BudgetLevel level)
        {
            throw new ObjectDisposedException(nameof(NativeMemoryBudget), $"The budget '{level.Name}' was disposed.");
        }
    }

    private long Read(Func<BudgetLevel, long> read)
    {
        using (_tree.Enter())
        {
            return read(this);
        }
    }

    private NativeMemoryRefusal MakeRefusal(long byteCount, int asker) =>
        new(Name, Limit, UsedBytes, TakenBytes - UsedBytes, byteCount, asker) { GivenBack = GivenBackBytes };

    /// <summary>Calls in all credits here and below, before this level refuses; false if there are none.</summary>
    /// <safety>The credit is the caller's thread's, or null.</safety>
    private unsafe bool TryCallIn(Credit* own)
    {
        bool isAny = _tree.CallIn(this, own);
        if (isAny)
        {
            Calm();
        }

        return isAny;
    }

    /// <summary>Calls in all credits here and below; false if there are none.</summary>
    private bool CallIn()
    {
        unsafe
        {
            // SAFETY: the credit is this thread's or null. It lives until the thread has ended (CreditTable), which is after this call.
            return _tree.CallIn(this, CreditTable.Find(CreditTable.Here, Credits.Number));
        }
    }

    private long FindPeak()
    {
        _tree.NotePeaksIn(this);
        return PeakBytes;
    }

    /// <summary>Bytes that came back to credits count, too.</summary>
    private long FindGivenBack()
    {
        _ = CallIn();
        return GivenBackBytes;
    }

    private long FindUsed() =>
        // The credits are read one after another, while their threads use them. So a byte that moves may be found twice.
        long.Max(0, UsedBytes - _tree.CreditIn(this));

    private long FindSetAside()
    {
        // Credits below may be part of reserved bytes, so they are called in first.
        if (_tree.HasReserved)
        {
            _ = CallIn();
        }

        return TakenBytes - UsedBytes;
    }

    /// <summary>Makes a credit as large as a parcel; leaves it as it is if there is no ample room.</summary>
    /// <param name="own">The credit, or null.</param>
    /// <param name="byteCount">The bytes of the request that takes the lock.</param>
    /// <safety>The credit is the caller's thread's.</safety>
    private unsafe void MoveParcel(Credit* own, long byteCount)
    {
        if (own == null)
        {
            return;
        }

        long parcel = FindParcel(byteCount);
        if (parcel != 0 && (own->IsOpen || (Credits.IsHeld && Credits.TryMakeRoom())))
        {
            long more = parcel - own->Left;
            AddUsed(more);
            Credits.Set(own, parcel, 2 * parcel);
        }
        else if (own->IsOpen)
        {
            own->Restart();
        }

        NoteUnused();
    }

    /// <summary>Notes how many bytes of the open credits here were never used since they were last moved.</summary>
    private void NoteUnused()
    {
        long more = Credits.Fewest - _ownUnused;
        _ownUnused += more;
        AddUnused(more);
    }

    /// <summary>Frees the number if the level is closed and has no bytes in use.</summary>
    private void FreeNumberIfOver()
    {
        if (IsClosed && UsedBytes == 0)
        {
            Credits.FreeNumber();
        }
    }
}
