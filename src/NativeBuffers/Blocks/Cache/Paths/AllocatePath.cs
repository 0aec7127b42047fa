using NativeBuffers.Allocation;
using NativeBuffers.Blocks.Cache.Heaps;
using NativeBuffers.Blocks.Cache.Stores;
using NativeBuffers.Instrumentation;
using NativeBuffers.Primitives;

namespace NativeBuffers.Blocks.Cache.Paths;

/// <summary>The path of every request for a block: the fast path, inlined; then the slow or the instrumented path, out of line.</summary>
/// <remarks>
/// The fast path takes the block that this thread freed last (<see cref="ThreadCache.TakeHot"/>). The slow path takes a cached block from
/// further away (<see cref="TryTakeCached"/>), or a block that no cache keeps (<see cref="Uncached"/>). In a process with guards or
/// tracking, <see cref="InstrumentedPath"/> replaces the slow path. A chosen allocator skips the fast path.
/// </remarks>
internal static class AllocatePath
{
    /// <summary>Takes a slot with a block of the default allocator.</summary>
    /// <param name="length">In elements.</param>
    /// <param name="elementSize">In bytes.</param>
    /// <param name="zeroed">Whether the elements must be zero, or may hold anything.</param>
    /// <param name="file">The allocation site's file.</param>
    /// <param name="line">The allocation site's line.</param>
    /// <param name="type">The elements' type.</param>
    /// <param name="home">The slot's home.</param>
    /// <exception cref="ArgumentOutOfRangeException">The length is negative, or too large to be counted in bytes.</exception>
    /// <exception cref="OutOfMemoryException">Memory is exhausted.</exception>
    /// <safety>The slot and its block belong to the caller, on this thread.</safety>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe Slot* Take(int length, int elementSize, bool zeroed, string? file, int line, Type type, out Bin* home)
    {
        ulong byteCount = (ulong)(uint)length * (uint)elementSize;
        Slot* slot = ThreadCache.TakeHot(byteCount, out home);
        if (slot <= Bin.NoRoom)
        {
            // A variable of its own: with one for both, the JIT copies the hot slot to another register first.
            Bin.StayClosed(home, slot);
            Slot* taken = InstrumentationSwitch.IsOn
                ? InstrumentedPath.Take(home, length, elementSize, zeroed, file, line, type)
                : TakeSlow(home, length, elementSize, zeroed);
            home = taken->Home;
            return taken;
        }

        if (zeroed)
        {
            CacheLine.Clear(slot->Start, (nuint)byteCount);
        }

        return slot;
    }

    /// <summary>Takes a slot with a block of the default allocator, for a caller that has kept its allocation site.</summary>
    /// <inheritdoc cref="Take(int, int, bool, string, int, Type, out Bin*)" path="/exception|/safety"/>
    public static unsafe Slot* Take(int length, int elementSize, AllocationSite site)
    {
        Slot* slot = ThreadCache.TakeHot((ulong)(uint)length * (uint)elementSize, out Bin* bin);
        if (slot > Bin.NoRoom)
        {
            return slot;
        }

        Bin.StayClosed(bin, slot);
        return InstrumentationSwitch.IsOn
            ? InstrumentedPath.Take(bin, Layout.ByteCount(length, elementSize), zeroed: false, site)
            : TakeSlow(bin, length, elementSize, zeroed: false);
    }

    /// <summary>Takes a slot with a block of a chosen allocator; of the default one if null.</summary>
    /// <inheritdoc cref="Take(int, int, bool, string, int, Type, out Bin*)" path="/exception[@cref='T:System.OutOfMemoryException']|/safety"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe Slot* Take(
        nuint byteCount, NativeAllocator? allocator, bool zeroed, string? file, int line, Type type, out Bin* home)
    {
        Slot* slot;
        if (allocator is not null)
        {
            slot = TakeFrom(allocator, byteCount, zeroed, file, line, type);
            home = slot->Home;
            return slot;
        }

        slot = ThreadCache.TakeHot(byteCount, out home);
        if (slot <= Bin.NoRoom)
        {
            Bin.StayClosed(home, slot);
            Slot* taken = InstrumentationSwitch.IsOn
                ? InstrumentedPath.Take(home, (long)byteCount, 1, zeroed, file, line, type)
                : TakeSlow(home, (long)byteCount, 1, zeroed);
            home = taken->Home;
            return taken;
        }

        if (zeroed)
        {
            CacheLine.Clear(slot->Start, byteCount);
        }

        return slot;
    }

    /// <summary>Takes a slot with a block of a chosen allocator, for a scoped owner.</summary>
    /// <inheritdoc cref="Take(int, int, bool, string, int, Type, out Bin*)" path="/exception|/safety"/>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static unsafe Slot* TakeScoped(
        NativeAllocator allocator, int length, int elementSize, bool zeroed, string? file, int line, Type type)
    {
        // A guard keeps the alignment of the chosen allocator, so the default allocator may not replace that under a guard.
        if (allocator.IsServedByCache && (!AllocatorHooks.IsOn || IsDefault(allocator)))
        {
            return Take(length, elementSize, zeroed, file, line, type, out _);
        }

        Slot* slot = TryTakeScoped(allocator, length, elementSize, zeroed, file, line, type);
        return slot != null ? slot : throw allocator.RefusalOf(Layout.ByteCount(length, elementSize));
    }

    /// <summary>Takes a slot with a block of a chosen allocator, for a scoped owner; null if memory is exhausted.</summary>
    /// <inheritdoc cref="Take(int, int, bool, string, int, Type, out Bin*)" path="/safety"/>
    public static unsafe Slot* TryTakeScoped(
        NativeAllocator allocator, int length, int elementSize, bool zeroed, string? file, int line, Type type) =>
        TryTakeFrom(allocator, Layout.ByteCount(length, elementSize), zeroed, SiteFor(allocator, file, line, type), allocator.IsServedByCache);

    /// <summary>Takes a slot with a block of a chosen allocator; null if memory is exhausted.</summary>
    /// <param name="allocator">The chosen allocator. Its name stays with the block, unless it is the default one.</param>
    /// <param name="byteCount">In bytes.</param>
    /// <param name="zeroed">Whether the bytes must be zero.</param>
    /// <param name="site">The allocation site, if the allocator or its hooks need it.</param>
    /// <safety>The slot and its block belong to the caller, on this thread.</safety>
    public static unsafe Slot* TryTakeFrom(NativeAllocator allocator, nuint byteCount, bool zeroed, AllocationSite? site) =>
        TryTakeFrom(allocator, byteCount, zeroed, site, IsDefault(allocator));

    /// <summary>Takes a slot with a cached or large block that is not instrumented; null if memory is exhausted.</summary>
    /// <safety>The slot and its block belong to the caller, on this thread.</safety>
    public static unsafe Slot* TryTakePlain(nuint byteCount, bool zeroed)
    {
        if (byteCount > SizeClasses.Largest)
        {
            return LargePath.TryTake(byteCount, zeroed);
        }

        Slot* slot = TryTakeCached(byteCount);
        if (zeroed && slot != null)
        {
            CacheLine.Clear(slot->Start, byteCount);
        }

        return slot;
    }

    /// <summary>A slot with a block of at least <paramref name="byteCount"/> bytes, which a size class holds; null if memory is exhausted.</summary>
    /// <remarks>From the thread's magazines, its remote frees, the depot, or the source.</remarks>
    /// <safety>The slot and its block belong to the caller, on this thread.</safety>
    public static unsafe Slot* TryTakeCached(nuint byteCount)
    {
        ThreadCache* cache = ThreadCache.Current();
        if (cache == null)
        {
            return null;
        }

        Bin* bin = cache->Opened(SizeClasses.Of(byteCount));
        Slot* slot = bin->Hot;
        if (slot > Bin.NoRoom)
        {
            bin->Hot = null;
        }
        else
        {
            slot = Bin.TryTake(bin);
        }

        if (slot == null && bin->TrySwap(wanted: true))
        {
            slot = Bin.TryTake(bin);
        }

        slot = slot != null ? slot : TakeRemotelyFreed(cache, bin);
        return slot != null ? slot : TakeStored(cache, bin);
    }

    /// <summary>A slot for a block that does not come from a cache; null if memory is exhausted.</summary>
    /// <safety>The slot belongs to the caller, on this thread, and has no block.</safety>
    public static unsafe Slot* TryTakeVacant()
    {
        ThreadCache* cache = ThreadCache.Current();
        return cache == null ? null : TakeVacant(cache, &cache->Closed);
    }

    /// <summary>A slot without a block; null if memory is exhausted.</summary>
    /// <safety>The cache is this thread's. The slot belongs to the caller, which gives it a block or gives it back.</safety>
    public static unsafe Slot* TakeVacant(ThreadCache* cache, Bin* home)
    {
        Slot* slot = cache->Vacant;
        if (slot == null)
        {
            slot = SlotTable.TakeList(out int count);
            if (slot == null)
            {
                return null;
            }

            cache->VacantCount = count;
        }

        cache->VacantCount--;
        cache->Vacant = slot->Next;
        slot->Home = home;

        // The forecast is that of its last home.
        slot->UsesAtHome = 0;
        cache->SlotsHeld++;
        return slot;
    }

    /// <summary>The slow path: the bin's magazines, and then the sources further away.</summary>
    /// <remarks>Its calls are the last thing it does, so the JIT saves no registers for them.</remarks>
    /// <safety>The bin is this thread's, or null. The slot and its block belong to the caller, on this thread.</safety>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static unsafe Slot* TakeSlow(Bin* bin, long length, int elementSize, bool zeroed)
    {
        if (bin != null)
        {
            Slot* slot = Bin.TryTake(bin);
            if (slot != null)
            {
                if (zeroed)
                {
                    CacheLine.Clear(slot->Start, (nuint)length * (nuint)elementSize);
                }

                return slot;
            }

            return TakeSlowest(length, elementSize, zeroed);
        }

        return LargePath.Take(length, elementSize, zeroed);
    }

    /// <summary>The slowest path: the hooks of a flow, and the sources that are far away.</summary>
    /// <exception cref="OutOfMemoryException">Memory is exhausted.</exception>
    /// <inheritdoc cref="TryTakePlain" path="/safety"/>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static unsafe Slot* TakeSlowest(long length, int elementSize, bool zeroed)
    {
        nuint byteCount = Layout.ByteCount(length, elementSize);
        Slot* slot = TryTakeCounted(CachingAllocator.Instance, byteCount, zeroed);
        return slot != null ? slot : throw NativeAllocator.Default.RefusalOf(byteCount);
    }

    /// <inheritdoc cref="TryTakePlain" path="/safety"/>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static unsafe Slot* TakeFrom(NativeAllocator allocator, nuint byteCount, bool zeroed, string? file, int line, Type type)
    {
        Slot* slot = TryTakeFrom(allocator, byteCount, zeroed, SiteFor(allocator, file, line, type));
        return slot != null ? slot : throw allocator.RefusalOf(byteCount);
    }

    /// <inheritdoc cref="TryTakePlain" path="/safety"/>
    private static unsafe Slot* TryTakeFrom(NativeAllocator allocator, nuint byteCount, bool zeroed, AllocationSite? site, bool isCached)
    {
        if (site is not null)
        {
            AllocationSite.Note(site);
        }

        Slot* slot = isCached ? TryTakeCounted(allocator, byteCount, zeroed)
            : allocator is NativeMemoryBudget { ChargedNumber: not 0 } budget && ChargedPath.IsServed(byteCount) && !AllocatorHooks.IsOn
                ? ChargedPath.TryTake(budget, byteCount, zeroed)
            : Uncached.TryTakeFrom(allocator, byteCount, zeroed);
        return InstrumentedPath.WithSite(slot, site);
    }

    /// <summary>A block of an allocator that the caches serve: instrumented if the hooks take each block, or this as a sample.</summary>
    /// <inheritdoc cref="TryTakePlain" path="/safety"/>
    private static unsafe Slot* TryTakeCounted(NativeAllocator allocator, nuint byteCount, bool zeroed)
    {
        if (AllocatorHooks.TakesNext(byteCount))
        {
            return Uncached.TryTakeFrom(allocator, byteCount, zeroed);
        }

        // The site was perhaps noted for an instrumented block. The next request must not find it.
        AllocationSite.Forget();
        return TryTakePlain(byteCount, zeroed);
    }

    /// <summary>Takes one slot that another thread freed, and moves the rest into this thread's bins. Null if there is none.</summary>
    /// <safety>Cache and bin are this thread's. The slot and its block belong to the caller, on this thread.</safety>
    private static unsafe Slot* TakeRemotelyFreed(ThreadCache* cache, Bin* bin)
    {
        Slot* taken = null;
        RemoteBatch* batch = RemoteFrees.TakeAll(ThreadCache.FreesOf(cache, bin->SizeClass));
        while (batch != null)
        {
            RemotePath.TakeBack(batch, bin, &cache->Closed, ref taken);
            CacheLimits.Dequeue(batch->ByteCount);
            batch = Outbox.GiveBack(batch);
        }

        return taken;
    }

    /// <inheritdoc cref="TakeRemotelyFreed" path="/safety"/>
    private static unsafe Slot* TakeStored(ThreadCache* cache, Bin* bin)
    {
        Depot depot = Depot.For(bin->SizeClass);
        if (!bin->HasRoom)
        {
            // The limits have no room for this bin, so its slots come back through the closed bin.
            Slot* single = depot.TryTakeOne();
            if (single == null)
            {
                return TakeFresh(cache, bin, &cache->Closed);
            }

            AllocationCounts.Add(ref cache->Counts.FromDepot[bin->SizeClass], 1);
            single->Home = &cache->Closed;
            cache->SlotsHeld++;
            return single;
        }

        Magazine* magazine = depot.TryTake();
        if (magazine != null)
        {
            cache->SlotsHeld += magazine->Count;
            Magazine* last = bin->Push(magazine);
            cache->SlotsHeld -= last->Count;
            depot.Give(last);
            Slot* slot = Bin.TryTake(bin);
            if (slot != null)
            {
                AllocationCounts.Add(ref cache->Counts.FromDepot[bin->SizeClass], 1);
                return slot;
            }
        }

        return TakeFresh(cache, bin, bin);
    }

    /// <inheritdoc cref="TakeRemotelyFreed" path="/safety"/>
    private static unsafe Slot* TakeFresh(ThreadCache* cache, Bin* bin, Bin* home)
    {
        Slot* slot = TakeVacant(cache, home);
        if (slot == null)
        {
            return null;
        }

        slot->Kind = SlotKind.Cached;
        slot->ByteCount = SizeClasses.SizeOf(bin->SizeClass);
        byte* start = BlockSource.TryAllocate(bin->SizeClass);
        if (start == null)
        {
            FreePath.ReturnVacant(slot);
            return null;
        }

        AllocationCounts.Add(ref cache->Counts.Fresh[bin->SizeClass], 1);
        slot->Start = start;
        return slot;
    }

    private static AllocationSite? SiteFor(NativeAllocator allocator, string? file, int line, Type type) =>
        AllocatorHooks.ReadsSite(allocator) ? AllocationSite.At(file, line, type) : null;

    /// <summary>Whether the caller chose the default allocator, perhaps through its wrapper for the process or flow.</summary>
    private static bool IsDefault(NativeAllocator allocator) => allocator.Requested is CachingAllocator;
}
