using NativeBuffers.Blocks.Cache;

namespace NativeBuffers.Blocks.Stats;

/// <summary>Keeps it possible to count loans without counting them where they happen.</summary>
/// <remarks>
/// <para>The end of each loan moves the generation of its slot on by one step. So the loans of a size class are the
/// generations of its slots, less those that were not loans of this class. How many those are stands beside the slots, in
/// <see cref="SlotTable.CountedOf"/>: the generation up to which a slot's loans are counted elsewhere. It is written only out
/// of line: when a block leaves its slot, or another takes its place (the loans go into <see cref="LoanCounts.Settled"/>),
/// and when the generation moves although the loan goes on.</para>
/// <para>Whoever writes it has the slot alone. Readers read without a lock: see <see cref="LoanCensus"/>. They see too few for
/// a moment, never too many: a slot is marked as counted first, and its loans are added then.</para>
/// </remarks>
internal static class LoanLedger
{
    private static LoanCounts s_elsewhere;

    /// <summary>What was counted by threads that had no cache to count it in.</summary>
    public static long SettledElsewhere(int loanClass) => Volatile.Read(ref s_elsewhere.Settled[loanClass]);

    /// <summary>The loans of a slot whose block is about to leave it, or has just left.</summary>
    /// <param name="slot">Its kind and byte count are still those of the block.</param>
    /// <param name="cache">The caller's thread's.</param>
    /// <param name="more">Loans that no generation tells of.</param>
    /// <safety>The slot is the caller's, and so is the cache.</safety>
    public static unsafe void Settle(Slot* slot, ThreadCache* cache, long more = 0)
    {
        long loans = TakeUncounted(slot) + more;
        if (loans != 0)
        {
            Add(ref cache->Loans.Settled[LoanClasses.Of(slot)], loans);
        }
    }

    /// <summary>As <see cref="Settle"/>, for any thread.</summary>
    /// <param name="slot">Its kind and byte count are still those of the block.</param>
    /// <param name="atLeast">How many loans there must have been.</param>
    /// <safety>The slot is the caller's.</safety>
    public static unsafe void SettleElsewhere(Slot* slot, long atLeast = 0)
    {
        long loans = long.Max(TakeUncounted(slot), atLeast);
        if (loans != 0)
        {
            Interlocked.Add(ref s_elsewhere.Settled[LoanClasses.Of(slot)], loans);
        }
    }

    /// <summary>The generation is about to move on, and the loan goes on under its new number.</summary>
    /// <safety>The slot is the caller's.</safety>
    public static unsafe void Rename(Slot* slot)
    {
        ref ulong counted = ref *SlotTable.CountedOf(slot);
        Volatile.Write(ref counted, counted + Generation.Step);
    }

    /// <summary>
    /// The generation is about to move to a number further on, and perhaps back again. The next loan to be counted is the one
    /// that ends there.
    /// </summary>
    /// <safety>The slot is the caller's, on the thread that its home belongs to.</safety>
    public static unsafe void RenameTo(Slot* slot, Generation generation)
    {
        Settle(slot, slot->Home->Cache);
        Volatile.Write(ref *SlotTable.CountedOf(slot), generation.Number);
    }

    /// <summary>Adds to a number that one thread writes and others read.</summary>
    public static void Add(ref long count, long more) => Volatile.Write(ref count, count + more);

    /// <summary>How many loans a slot's generation tells of that were not counted yet.</summary>
    public static long Uncounted(Generation generation, ulong counted) =>
        long.Max(0, (long)(generation.Number - counted)) / (long)Generation.Step;

    private static unsafe long TakeUncounted(Slot* slot)
    {
        ref ulong counted = ref *SlotTable.CountedOf(slot);
        Generation generation = slot->Generation;
        long loans = Uncounted(generation, counted);
        if (counted != generation.Number)
        {
            Volatile.Write(ref counted, generation.Number);
        }

        return loans;
    }
}
