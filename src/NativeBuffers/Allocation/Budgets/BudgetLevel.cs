using NativeBuffers.Diagnostics.Tracking;
using NativeBuffers.Primitives;

namespace NativeBuffers.Allocation.Budgets;

/// <summary>One level of a tree of budgets: what is counted there, and what the levels above are asked for.</summary>
/// <remarks>
/// <para>A level <em>takes</em> what is in use there and below, and what levels below have set aside and do not use yet. Of the level above it
/// <em>claims</em> what it takes, or what it has reserved if that is more. No level takes more than its limit.</para>
/// <para>One lock for the whole tree: so a charge is made on all levels or on none, and nobody sees it on some of them.</para>
/// </remarks>
internal sealed class BudgetLevel
{
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

    public string Name { get; }

    /// <summary>In bytes.</summary>
    public long Limit { get; }

    /// <summary>Called, without the lock, when this level has refused something.</summary>
    public Func<NativeMemoryRefusal, bool>? OnRefusal { get; }

    /// <summary>What is in use here and below, in bytes.</summary>
    public long Used => Read(ref _used);

    /// <summary>The most that was in use at a time.</summary>
    public long Peak => Read(ref _peak);

    /// <summary>What the levels above keep for this one.</summary>
    public long Reserved => Read(ref _reserved);

    /// <summary>Bytes that are kept here for levels below, which do not use them.</summary>
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

    /// <summary>How often this level refused something.</summary>
    public long Refused => Read(ref _refused);

    /// <summary>How much room has come back here so far. Only grows.</summary>
    public long GivenBack => Read(ref _givenBack);

    private long Claim => long.Max(_taken, _reserved);

    /// <summary>Counts bytes that are about to be used; false when a level refuses, and then nothing has changed.</summary>
    /// <param name="byteCount">In bytes.</param>
    /// <param name="asker">Kept in the refusal.</param>
    /// <param name="refusing">The level that refuses.</param>
    /// <param name="refusal">What it was like then.</param>
    /// <exception cref="ObjectDisposedException">There are such bytes, and this level or one above is closed.</exception>
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

    /// <summary>Notes that what was charged is in use now: what was refused after it was charged is no peak.</summary>
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

    /// <summary>Gives back what was charged.</summary>
    public void Refund(long byteCount)
    {
        using (_gate.Enter())
        {
            Take(-byteCount, -byteCount);
        }
    }

    /// <summary>Sets room aside in the levels above; false when one refuses, and then nothing has changed.</summary>
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

    /// <summary>Ends a reservation. Nothing if the level is closed, as all have ended then.</summary>
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

    /// <summary>Counts a refusal that nothing could be done about.</summary>
    public void CountRefusal()
    {
        using (_gate.Enter())
        {
            _refused++;
        }

        _group.CountRefusal();
    }

    /// <summary>All figures at one moment; null if the level is closed and nothing of it is in use any more.</summary>
    public BudgetFigures? Measure()
    {
        using (_gate.Enter())
        {
            return _isClosed && _used == 0 ? null : new BudgetFigures(_used, Limit == long.MaxValue ? null : Limit, _reserved, _taken - _used);
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

    /// <summary>The first level, upwards from here, that has no room for so many bytes; null if all have.</summary>
    private BudgetLevel? FindRefusing(long byteCount)
    {
        for (BudgetLevel? level = this; level is not null && byteCount > 0; level = level._above)
        {
            if (byteCount > level.Limit - level._taken)
            {
                return level;
            }

            // What was reserved is claimed already.
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
