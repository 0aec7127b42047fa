using NativeBuffers.Blocks.Cache;

namespace NativeBuffers.Blocks.Stats;

/// <summary>How many loans there have been, and are, of each class: all slots are looked at, and no thread is disturbed.</summary>
/// <remarks>
/// Exact while nothing moves. While threads work, a number may be off by what they are doing at that moment; a slot whose block
/// goes while it is looked at, is left out.
/// </remarks>
internal sealed class LoanCensus
{
    private const int MostLooks = 3;

    private LoanCensus()
    {
    }

    /// <summary>Loans that have begun, by class.</summary>
    public long[] Loans { get; } = new long[LoanClasses.Count];

    /// <summary>Loans whose blocks came from the depot.</summary>
    public long[] FromDepot { get; } = new long[LoanClasses.Count];

    /// <summary>Loans whose blocks came from the C library, or from whoever else: those that no cache keeps always do.</summary>
    public long[] Fresh { get; } = new long[LoanClasses.Count];

    /// <summary>How many blocks owners have.</summary>
    public long[] Blocks { get; } = new long[LoanClasses.Count];

    /// <summary>Those blocks, in bytes.</summary>
    public long[] Bytes { get; } = new long[LoanClasses.Count];

    /// <summary>Counts.</summary>
    public static LoanCensus Take()
    {
        var census = new LoanCensus();

        // In this order: what is settled meanwhile is not counted twice, and no loan counts as a hit before its miss is known.
        census.AddSettled();
        foreach (nint slab in SlotTable.Slabs())
        {
            unsafe
            {
                // SAFETY: slots are never unmapped.
                Slot* first = SlotTable.SlotsOf(slab, out int length);
                for (Slot* slot = first; slot < first + length; slot++)
                {
                    census.Add(slot);
                }
            }
        }

        census.AddMisses();
        return census;
    }

    private void AddSettled()
    {
        for (int i = 0; i < LoanClasses.Count; i++)
        {
            Loans[i] += LoanLedger.SettledElsewhere(i);
            unsafe
            {
                // SAFETY: caches are never unmapped.
                for (ThreadCache* cache = ThreadCaches.LastCreated; cache != null; cache = cache->NextCreated)
                {
                    Loans[i] += Volatile.Read(ref cache->Loans.Settled[i]);
                }
            }
        }
    }

    private void AddMisses()
    {
        for (int i = 0; i < SizeClasses.Count; i++)
        {
            unsafe
            {
                // SAFETY: caches are never unmapped.
                for (ThreadCache* cache = ThreadCaches.LastCreated; cache != null; cache = cache->NextCreated)
                {
                    FromDepot[i] += Volatile.Read(ref cache->Loans.FromDepot[i]);
                    Fresh[i] += Volatile.Read(ref cache->Loans.Fresh[i]);
                }
            }
        }

        Fresh[LoanClasses.Large] = Loans[LoanClasses.Large];
        Fresh[LoanClasses.Foreign] = Loans[LoanClasses.Foreign];
    }

    /// <safety>The slot is one of the table's.</safety>
    private unsafe void Add(Slot* slot)
    {
        ref ulong counted = ref *SlotTable.CountedOf(slot);
        for (int look = 0; look < MostLooks; look++)
        {
            ulong before = Volatile.Read(ref counted);
            int loanClass = LoanClasses.Of(slot);
            Generation generation = slot->ReadGeneration();
            bool isReturned = generation.State == SlotState.RemotelyFreed;
            bool isLent = IsLent(slot);
            long byteCount = (long)Volatile.Read(ref *(nint*)&slot->ByteCount);

            // All belongs together if its class is the same as before; if another's loans came between, they were settled.
            if (Volatile.Read(ref counted) == before && LoanClasses.Of(slot) == loanClass)
            {
                Loans[loanClass] += LoanLedger.Uncounted(generation, before) + (isReturned || isLent ? 1 : 0);
                if (isLent && !isReturned)
                {
                    Blocks[loanClass]++;
                    Bytes[loanClass] += byteCount;
                }

                return;
            }
        }
    }

    /// <summary>Whether a block is neither in a magazine nor the hot one: those in magazines have no home.</summary>
    private static unsafe bool IsLent(Slot* slot)
    {
        if (Volatile.Read(ref *(nint*)&slot->Start) == 0)
        {
            return false;
        }

        Bin* home = (Bin*)Volatile.Read(ref *(nint*)&slot->Home);
        return home != null && Volatile.Read(ref *(nint*)&home->Hot) != (nint)slot;
    }
}
