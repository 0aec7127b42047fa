namespace NativeBuffers.Blocks.Lifecycle;

/// <summary>The pins of a block that <c>Unpin</c> may end, the last one first. For any thread, without a lock.</summary>
/// <remarks>
/// <para>A pin ends in any order, and then only sets its mark (<see cref="Pin.HasEnded"/>). Ended pins leave the list in two ways. Those
/// at its start leave at the next call. The rest leave by a sweep of the whole list, which comes after as many new pins as were
/// active at the last sweep. So each new pin pays for the visit of two pins. The list is at most twice as long as it was after the
/// last sweep, plus <see cref="LeastBetweenSweeps"/>. A sweep at each new pin took 60 µs where 32,000 pins were active.</para>
/// <para>An ended pin never becomes active again. So two threads may remove ended pins at once: each link that either of them writes
/// skips ended pins only.</para>
/// </remarks>
internal struct PinList
{
    private const int LeastBetweenSweeps = 16;

    private Pin? _last;

    /// <summary>The new pins before the next sweep. Threads may overwrite each other's counts, which moves a sweep.</summary>
    private int _untilSweep;

    /// <summary>The number of pins in the list, ended ones included: for tests.</summary>
    public readonly int Count
    {
        get
        {
            int count = 0;
            for (Pin? pin = _last; pin is not null; pin = pin.Before)
            {
                count++;
            }

            return count;
        }
    }

    /// <summary>Adds a pin, which is the last one then.</summary>
    public void Add(Pin pin)
    {
        Pin? before;
        do
        {
            before = Volatile.Read(ref _last);
            pin.Before = FirstActive(before);
        }
        while (Interlocked.CompareExchange(ref _last, pin, before) != before);

        if (pin.Before is null)
        {
            // The count of an earlier owner, or of earlier pins, says nothing about these.
            _untilSweep = LeastBetweenSweeps;
        }
        else if (--_untilSweep < 0)
        {
            _untilSweep = int.Max(Sweep(pin), LeastBetweenSweeps);
        }
    }

    /// <summary>Ends the last pin of a generation that still goes on, if any.</summary>
    public void EndLast(Generation opened)
    {
        Pin? last = Volatile.Read(ref _last);
        Pin? pin = last;
        while (pin is not null && (pin.Opened != opened || !pin.TryEnd()))
        {
            pin = pin.Before;
        }

        // If another thread has added a pin, that thread has removed the ended pins before it.
        _ = Interlocked.CompareExchange(ref _last, FirstActive(last), last);
    }

    private static Pin? FirstActive(Pin? pin)
    {
        while (pin is { HasEnded: true })
        {
            pin = pin.Before;
        }

        return pin;
    }

    /// <summary>Removes the ended pins that come before a pin.</summary>
    /// <returns>The number of pins that stay.</returns>
    private static int Sweep(Pin pin)
    {
        int count = 1;
        for (Pin at = pin; (at.Before = FirstActive(at.Before)) is { } before; at = before)
        {
            count++;
        }

        return count;
    }
}
