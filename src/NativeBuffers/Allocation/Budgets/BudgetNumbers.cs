using NativeBuffers.Primitives;

namespace NativeBuffers.Allocation.Budgets;

/// <summary>The numbers of the budgets in which threads have credit. Slots and threads name a budget by its number.</summary>
/// <remarks>
/// <para>A budget that is asked often gets a number. While bytes of the budget are in use, its number <em>holds</em> it: a slot needs no
/// handle of its own to keep the budget alive. After a full collection, numbers let go of budgets without bytes in use. Their credits are
/// closed then, so the next request takes the lock of the tree, and holds the budget again.</para>
/// <para>A number is free again when its budget is gone, or is closed and has no bytes in use. A budget is gone when no finalizer can use
/// it any more: a budget that is only found dead keeps its number. Otherwise its own finalizer, or one of the program, would use a
/// number that another budget has.</para>
/// <para>The lock of a tree is taken before the lock of this class.</para>
/// </remarks>
internal static class BudgetNumbers
{
    private const int FewestSwept = 64;

    private static readonly UninterruptedLock s_lock = new();
    private static readonly Stack<int> s_free = [];
    private static Entry[] s_entries = [new Entry()];
    private static int s_sweepAt = FewestSwept;

    /// <summary>The budget of a number; null if the number does not hold it.</summary>
    public static NativeMemoryBudget? Of(int number) => Volatile.Read(ref Volatile.Read(ref s_entries)[number].Held);

    /// <summary>Gives a budget a number, which holds it; 0 if memory is exhausted.</summary>
    public static int TryTake(NativeMemoryBudget budget)
    {
        using (s_lock.Enter())
        {
            try
            {
                FailPoint.ThrowIfRefused();
                if (s_free.Count == 0)
                {
                    int count = s_entries.Length;
                    _ = s_free.EnsureCapacity(2 * count);
                    Volatile.Write(ref s_entries, [.. s_entries, .. NewEntries(count)]);
                    for (int other = (2 * count) - 1; other >= count; other--)
                    {
                        s_free.Push(other);
                    }
                }

                var weak = new WeakGCHandle<NativeMemoryBudget>(budget, trackResurrection: true);
                int number = s_free.Pop();
                s_entries[number].Weak = weak;
                s_entries[number].Held = budget;
                return number;
            }
            catch (OutOfMemoryException)
            {
                return 0;
            }
        }
    }

    /// <summary>Lets a number hold its budget, which the caller refers to.</summary>
    public static void Hold(int number)
    {
        using (s_lock.Enter())
        {
            Entry entry = s_entries[number];
            _ = entry.Weak.TryGetTarget(out entry.Held);
        }
    }

    /// <summary>Lets go of a budget. Its credits are closed, and the caller has the lock of its tree.</summary>
    public static void LetGo(int number)
    {
        using (s_lock.Enter())
        {
            Volatile.Write(ref s_entries[number].Held, null);
        }
    }

    /// <summary>Frees a number. The credits of its budget are closed, and the caller has the lock of its tree.</summary>
    public static void Free(int number)
    {
        using (s_lock.Enter())
        {
            FreeHere(number);
        }
    }

    /// <summary>Lets go of budgets without bytes in use, and frees the numbers of budgets that are gone.</summary>
    public static void Sweep()
    {
        Entry[] entries = Volatile.Read(ref s_entries);
        foreach (Entry entry in entries)
        {
            Volatile.Read(ref entry.Held)?.LetGoIfUnused();
        }

        using (s_lock.Enter())
        {
            int live = 0;
            for (int number = 1; number < s_entries.Length; number++)
            {
                Entry entry = s_entries[number];
                if (entry.Weak.IsAllocated && entry.Held is null && !entry.Weak.TryGetTarget(out _))
                {
                    FreeHere(number);
                }

                live += entry.Weak.IsAllocated ? 1 : 0;
            }

            s_sweepAt = int.Max(FewestSwept, 2 * live);
        }
    }

    /// <summary>Sweeps if the numbers in use have doubled since the last sweep. Call it without a lock.</summary>
    public static void SweepIfMany()
    {
        if (Volatile.Read(ref s_entries).Length - s_free.Count > Volatile.Read(ref s_sweepAt))
        {
            Sweep();
        }
    }

    private static void FreeHere(int number)
    {
        s_entries[number].Held = null;
        s_entries[number].Weak.Dispose();
        s_entries[number].Weak = default;
        s_free.Push(number);
    }

    private static IEnumerable<Entry> NewEntries(int count) => Enumerable.Range(0, count).Select(static _ => new Entry());

    private sealed class Entry
    {
        public NativeMemoryBudget? Held;

        /// <summary>Not allocated while the number is free.</summary>
        public WeakGCHandle<NativeMemoryBudget> Weak;
    }
}
