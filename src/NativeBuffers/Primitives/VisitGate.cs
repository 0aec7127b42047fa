namespace NativeBuffers.Primitives;

/// <summary>Lets an <i>owner</i>, one thread, and <i>visitors</i>, other threads, use the same data in turns. The owner pays two stores and a load.</summary>
/// <remarks>
/// <para>Dekker's mutual exclusion made asymmetric (Dice, Huang and Yang, 2001). The visitor pays for both with a barrier in every core.
/// The owner stores <see cref="Inside"/>, then loads the floor. The visitor raises the floor, passes
/// <see cref="Interlocked.MemoryBarrierProcessWide"/>, then loads <see cref="Inside"/>. The barrier falls somewhere into the owner's
/// sequence. If the owner's store came before the barrier, the visitor sees it and waits until the owner has left. If not, the owner's
/// load comes later still and finds the raised floor. On x64 the store may wait in the store buffer past the load, and on Arm64 they may
/// be reordered: the barrier runs on the owner's core too, and settles both.</para>
/// <para>The owner loads the floor before all that visitors change. The last store of a visit lowers the floor, as a release. So an owner
/// that finds the floor down sees all that the visitor did. The owner leaves with a release, so the visitor sees all that the owner did.</para>
/// <para>The floor is very large during a visit. An owner that compares a number with a bound anyway compares it with the floor instead, and
/// needs no second branch.</para>
/// </remarks>
internal struct VisitGate
{
    /// <summary>1 while the owner is inside. Only the owner writes it.</summary>
    public int Inside;

    /// <summary>0, or very large during a visit. Only visitors write it.</summary>
    private int _floor;

    /// <summary>Whether a visit was announced, and has not ended.</summary>
    public bool IsAnnounced
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Volatile.Read(ref _floor) != 0;
    }

    /// <summary>The owner comes in, and does not wait: if the result is not 0, a visitor is here, and the owner may only leave.</summary>
    /// <returns>The floor: 0, or very large.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int Begin()
    {
        Volatile.Write(ref Inside, 1);
        return Volatile.Read(ref _floor);
    }

    /// <summary>The owner comes in, and waits during a visit.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Enter()
    {
        if (Begin() != 0)
        {
            WaitForVisitor();
        }
    }

    /// <summary>The owner leaves.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Leave() => Volatile.Write(ref Inside, 0);

    /// <summary>A visitor raises the floor. Next: <see cref="Interlocked.MemoryBarrierProcessWide"/>, then <see cref="WaitForOwner"/>.</summary>
    /// <remarks>One visitor at a time: visitors hold a lock.</remarks>
    public void Announce() => Volatile.Write(ref _floor, int.MaxValue);

    /// <summary>Waits until the owner is out. During a visit the owner changes nothing until <see cref="EndVisit"/>.</summary>
    public void WaitForOwner()
    {
        Backoff backoff = default;
        while (Volatile.Read(ref Inside) != 0)
        {
            backoff.Pause();
        }
    }

    /// <summary>The visitor leaves.</summary>
    public void EndVisit() => Volatile.Write(ref _floor, 0);

    /// <summary>The owner stays outside until the visit has ended, and is inside then.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private void WaitForVisitor()
    {
        Backoff backoff = default;
        do
        {
            Leave();
            while (IsAnnounced)
            {
                backoff.Pause();
            }
        }
        while (Begin() != 0);
    }
}
