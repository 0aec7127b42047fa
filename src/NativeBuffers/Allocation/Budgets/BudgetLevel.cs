using NativeBuffers.Primitives;

namespace NativeBuffers.Allocation.Budgets;

/// <summary>One level of a tree of budgets: its counts, and its requests to the levels above.</summary>
/// <remarks>
/// <para>A level <em>takes</em> the bytes in use in it and below, and the bytes that levels below have set aside and do not use yet. It
/// <em>claims</em> bytes from the level above: as many as it takes, or as it has reserved if these are more. No level takes
/// more than its limit.</para>
/// <para>The whole tree has one lock, so a charge is made on all levels or on none, and no thread sees it on some of them.</para>
/// </remarks>
internal sealed class BudgetLevel
{
    [ThreadStatic]
    private static bool t_isTrial;

    private readonly UninterruptedLock _gate;
    private readonly BudgetLevel? _above;
    private readonly BudgetGroup _group;

    // Under the lock.
    private long _taken;
    private long _used;
    private long _peak;
    private long _reserved;
    private long _refused;
    private long _givenBack;
    private bool _isClosed;

    public BudgetLevel(string name, long limit, BudgetLevel? above, Func<NativeMemoryRefusal, bool>? onRefusal)
    {
        Name = name;
        Limit = limit;
        OnRefusal = onRefusal;
        _above = above;
        _gate = above is null ? new UninterruptedLock() : above._gate;
        _group = BudgetGroup.Join(name, this);
    }

    /// <summary>True while this thread repeats its requests if they are refused. Their refusals are neither counted nor reported then.</summary>
    /// <remarks>So a failed growth of a list counts as one refusal, although the list asks several times.</remarks>
    public static bool IsTrial => t_isTrial;

    public string Name { get; }

    /// <summary>In bytes.</summary>
    public long Limit { get; }

    /// <summary>Called, without the lock, when this level has refused a request.</summary>
    public Func<NativeMemoryRefusal, bool>? OnRefusal { get; }

    /// <summary>The bytes in use here and below.</summary>
    public long Used => Read(ref _used);

    /// <summary>The most bytes that were in use at a time.</summary>
    public long Peak => Read(ref _peak);

    /// <summary>The bytes that the levels above keep for this one.</summary>
    public long Reserved => Read(ref _reserved);

    /// <summary>The bytes that are kept here for levels below, which do not use them.</summary>
    public long SetAside
    {
        get
        {
            using (_gate.Enter())
            {
                return _taken - _used;
            }
        }
    }

    /// <summary>The number of requests that this level refused.</summary>
    public long Refused => Read(ref _refused);

    /// <summary>The sum of all bytes that came back here. It only grows.</summary>
    public long GivenBack => Read(ref _givenBack);

    private long Claim => long.Max(_taken, _reserved);

    /// <summary>Sets <see cref="IsTrial"/>, and returns its earlier value, which the caller sets again.</summary>
    public static bool SetTrial(bool isTrial)
    {
        bool before = t_isTrial;
        t_isTrial = isTrial;
        return before;
    }

    /// <summary>Counts bytes before they are used; false if a level refuses, and then nothing has changed.</summary>
    /// <param name="byteCount">In bytes.</param>
    /// <param name="asker">The number of the requested budget, for the refusal.</param>
    /// <param name="refusing">The level that refuses.</param>
    /// <param name="refusal">The counts of that level at this moment.</param>
    /// <exception cref="ObjectDisposedException">The byte count is not 0, and this level or one above is closed.</exception>
    public bool TryCharge(
        long byteCount,
        int asker,
        [NotNullWhen(false)] out BudgetLevel? refusing,
        [NotNullWhen(false)] out NativeMemoryRefusal? refusal)
    {
        using (_gate.Enter())
        {
            if (byteCount > 0)
            {
                ThrowIfClosed();
            }

            refusing = FindRefusing(byteCount);
            refusal = refusing?.MakeRefusal(byteCount, asker);
            if (refusing is null)
            {
                Take(byteCount, byteCount);
            }

            return refusing is null;
        }
    }

    /// <summary>Updates the peaks after charged bytes came into use. A charge for a request that fails later is no peak.</summary>
    public void Confirm()
    {
        using (_gate.Enter())
        {
            for (BudgetLevel? level = this; level is not null; level = level._above)
            {
                level._peak = long.Max(level._peak, level._used);
            }
        }
    }

    /// <summary>Gives charged bytes back.</summary>
    public void Refund(long byteCount)
    {
        using (_gate.Enter())
        {
            Take(-byteCount, -byteCount);
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
        using (_gate.Enter())
        {
            ThrowIfClosed();
            refusing = byteCount > Limit - _reserved ? this : _above?.FindRefusing(long.Max(_taken, _reserved + byteCount) - Claim);
            refusal = refusing?.MakeRefusal(byteCount, asker);
            if (refusing is null)
            {
                Reserve(byteCount);
            }

            return refusing is null;
        }
    }

    /// <summary>Ends a reservation. Does nothing if the level is closed, because all reservations have then ended.</summary>
    public void EndReservation(long byteCount)
    {
        using (_gate.Enter())
        {
            if (!_isClosed)
            {
                Reserve(-byteCount);
            }
        }
    }

    /// <summary>Ends all reservations.</summary>
    public void Close()
    {
        using (_gate.Enter())
        {
            if (!_isClosed)
            {
                Reserve(-_reserved);
                _isClosed = true;
            }
        }
    }

    /// <summary>Counts a refusal, after no callback could make room.</summary>
    public void CountRefusal()
    {
        using (_gate.Enter())
        {
            _refused++;
        }

        _group.CountRefusal();
    }

    /// <summary>All figures at one moment; null if the level is closed and none of its bytes is in use.</summary>
    public (long Used, long? Limit, long Reserved, long SetAside)? Measure()
    {
        using (_gate.Enter())
        {
            return _isClosed && _used == 0 ? null : (_used, Limit == long.MaxValue ? null : Limit, _reserved, _taken - _used);
        }
    }

    private void ThrowIfClosed()
    {
        for (BudgetLevel? level = this; level is not null; level = level._above)
        {
            if (level._isClosed)
            {
                throw new ObjectDisposedException(nameof(NativeMemoryBudget), $"The budget '{level.Name}' was disposed.");
            }
        }
    }

    private long Read(ref long number)
    {
        using (_gate.Enter())
        {
            return number;
        }
    }

    private NativeMemoryRefusal MakeRefusal(long byteCount, int asker) =>
        new(Name, Limit, _used, _taken - _used, byteCount, asker) { GivenBack = _givenBack };

    /// <summary>The first level, upwards from here, that has no room for the bytes; null if all have.</summary>
    private BudgetLevel? FindRefusing(long byteCount)
    {
        for (BudgetLevel? level = this; level is not null && byteCount > 0; level = level._above)
        {
            if (byteCount > level.Limit - level._taken)
            {
                return level;
            }

            // Reserved bytes are claimed already.
            byteCount = long.Max(level._taken + byteCount, level._reserved) - level.Claim;
        }

        return null;
    }

    private void Reserve(long byteCount)
    {
        long before = Claim;
        _reserved += byteCount;
        _above?.Take(Claim - before, used: 0);
    }

    private void Take(long byteCount, long used)
    {
        for (BudgetLevel? level = this; level is not null; level = level._above)
        {
            long before = level.Claim;
            level._used += used;
            level._taken += byteCount;
            level._givenBack += long.Max(-byteCount, 0);
            byteCount = level.Claim - before;
        }
    }
}
