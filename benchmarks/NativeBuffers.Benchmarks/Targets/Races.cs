using NativeBuffers.Benchmarks.Arenas;
using NativeBuffers.Benchmarks.Collections;
using NativeBuffers.Benchmarks.Owners;
using NativeBuffers.Benchmarks.Pools;

namespace NativeBuffers.Benchmarks.Targets;

/// <summary>The targets that are ratios of two times.</summary>
internal static class Races
{
    public static IReadOnlyList<Race> All { get; } =
        [.. Created(), .. Zeroed(), .. Aligned(), .. Live(), .. Large(), .. HeapOwners(), .. Borrowed(), .. Pooled(), .. Arenas(), .. Lists()];

    private static IEnumerable<Race> Created()
    {
        foreach (int byteCount in (int[])[64, 1024, 4096, 65_536])
        {
            string what = $"CreateUninitialized, {Size(byteCount)}";
            yield return new(what, "Alloc/Free, try/finally", 0.30, byteCount, ScopedCreateLoops.Buffer, ScopedCreateLoops.TryFinally);
            yield return new(what, "Alloc/Free, bare", 0.65, byteCount, ScopedCreateLoops.Buffer, ScopedCreateLoops.Bare);
            yield return new(what, "ArrayPool.Shared", 0.90, byteCount, ScopedCreateLoops.Buffer, ScopedCreateLoops.ArrayPool);
        }
    }

    private static IEnumerable<Race> Zeroed()
    {
        foreach ((int byteCount, double target) in ((int, double)[])[(64, 0.35), (1024, 0.35), (4096, 0.80), (65_536, 1.00)])
        {
            yield return new(
                $"Create, {Size(byteCount)}", "AllocZeroed, try/finally", target, byteCount, ScopedZeroedLoops.Buffer, ScopedZeroedLoops.TryFinally);
        }
    }

    private static IEnumerable<Race> Aligned()
    {
        foreach (int byteCount in (int[])[64, 1024, 4096, 65_536])
        {
            yield return new(
                $"Aligned(64), {Size(byteCount)}", "AlignedAlloc, try/finally", 0.20, byteCount, ScopedAlignedLoops.Buffer, ScopedAlignedLoops.TryFinally);
        }
    }

    /// <remarks>
    /// The cost of <c>malloc</c> here depends on the end of its heap. If no live block is above these, glibc gives their pages
    /// back to the system in each round and faults them in again. If there is one, glibc keeps the pages. So both are measured:
    /// first the heap as the process has it, then one with a block above. It makes no difference for ours.
    /// </remarks>
    private static IEnumerable<Race> Live()
    {
        foreach (int byteCount in (int[])[1024, 4096])
        {
            string buffers = $"{LiveBlocksLoops.BlockCount} live, {Size(byteCount)}, buffers by recursion";
            string allocator = $"{LiveBlocksLoops.BlockCount} live, {Size(byteCount)}, Default in an array";
            yield return Held(buffers, "Alloc/Free by recursion", LiveBlocksLoops.BufferRecursion, LiveBlocksLoops.RawRecursion);
            yield return Held(buffers, "Alloc/Free in an array", LiveBlocksLoops.BufferRecursion, LiveBlocksLoops.RawArray);
            yield return Held(allocator, "Alloc/Free in an array", LiveBlocksLoops.AllocatorArray, LiveBlocksLoops.RawArray);
            yield return Below(buffers, LiveBlocksLoops.BufferRecursion);
            yield return Below(allocator, LiveBlocksLoops.AllocatorArray);

            Race Held(string what, string against, Loop ours, Loop theirs) =>
                new(what, against, 0.15, byteCount, ours, theirs) { TurnsPerCall = 1, BuffersPerTurn = LiveBlocksLoops.BlockCount };

            Race Below(string what, Loop ours) =>
                new(what, "Alloc/Free, array, block above", 0.15, byteCount, ours, LiveBlocksLoops.RawArray)
                {
                    TurnsPerCall = 1,
                    BuffersPerTurn = LiveBlocksLoops.BlockCount,
                    Prepare = () => LiveBlocksLoops.LeaveBlockAbove(byteCount),
                };
        }
    }

    /// <remarks>The rival is the faster one of the two, so both rows of a size must be met.</remarks>
    private static IEnumerable<Race> Large()
    {
        foreach (int alive in (int[])[1, 2, 16])
        {
            foreach (int megabytes in (int[])[0, 4, 32])
            {
                foreach (bool touchesPages in (bool[])[false, true])
                {
                    int byteCount = megabytes == 0 ? 512 * 1024 : megabytes * 1024 * 1024;
                    var loops = new LargeLoops(alive, touchesPages);
                    string what = $"Large, {alive} of {(megabytes == 0 ? "512 KiB" : $"{megabytes} MiB")} alive, {(touchesPages ? "all pages" : "both ends")}";
                    yield return Against("ArrayPool.Shared", loops.ArrayPool);
                    yield return Against("Alloc/Free", loops.Malloc);

                    Race Against(string rival, Loop theirs) => new(what, rival, 1.20, byteCount, loops.Buffer, theirs)
                    {
                        TurnsPerCall = touchesPages ? 1 : 64,
                        LeastCalls = touchesPages ? 1 : 20,
                        BuffersPerTurn = alive,
                    };
                }
            }
        }
    }

    private static IEnumerable<Race> HeapOwners()
    {
        foreach (int byteCount in (int[])[64, 4096])
        {
            foreach ((string what, Loop loop) in ((string, Loop)[])[("owner", HeapOwnerLoops.Owner), ("owner, borrowed once", HeapOwnerLoops.OwnerBorrowed)])
            {
                yield return new($"NativeMemoryOwner, {what}, {Size(byteCount)}", "SafeHandle over malloc", 0.35, byteCount, loop, HeapOwnerLoops.Handle);
                yield return new($"NativeMemoryOwner, {what}, {Size(byteCount)}", "class with finalizer", 0.40, byteCount, loop, HeapOwnerLoops.Finalized);
            }
        }
    }

    private static IEnumerable<Race> Borrowed()
    {
        yield return new("Borrow, read, end", "SafeHandle AddRef, Release", 0.60, 64, BorrowLoops.Borrow, BorrowLoops.HandleReference);

        foreach ((string shape, Loop ours, Loop theirs) in ((string, Loop, Loop)[])
        [
            ("in a field", BorrowShapes.BorrowField, BorrowShapes.HandleField),
            ("as a parameter", BorrowShapes.BorrowParameter, BorrowShapes.HandleParameter),
            ("captured", BorrowShapes.BorrowCaptured, BorrowShapes.HandleCaptured),
            ("async method", BorrowShapes.BorrowAsync, BorrowShapes.HandleAsync),
        ])
        {
            yield return new($"Borrow, Span, end: {shape}", "SafeHandle AddRef, Release", 0.60, 64, ours, theirs);
        }

        // Last, because it lets a second thread borrow the owner of the row before.
        yield return new("Borrow, two threads, same owner", "one thread alone", 1.20, 64, BorrowLoops.Borrow, BorrowLoops.Borrow)
        {
            BesideOurs = BorrowLoops.Borrow,
        };
    }

    private static IEnumerable<Race> Pooled()
    {
        foreach (int byteCount in (int[])[64, 1024, 4096])
        {
            string what = $"RentBuffer, {Size(byteCount)}";
            yield return new(what, "MemoryPool.Shared", 0.70, byteCount, PooledLoops.RentBuffer, PooledLoops.MemoryPool);
            yield return new(what, "ArrayPool.Shared", 1.10, byteCount, PooledLoops.RentBuffer, ScopedCreateLoops.ArrayPool);
            yield return new($"{what}, two threads", "ArrayPool.Shared, two threads", 1.10, byteCount, PooledLoops.RentBuffer, ScopedCreateLoops.ArrayPool)
            {
                BesideOurs = PooledLoops.RentBuffer,
                BesideTheirs = ScopedCreateLoops.ArrayPool,
            };
        }

        foreach (int byteCount in (int[])[64, 4096])
        {
            string what = $"RentBuffer of an own pool, {Size(byteCount)}";
            yield return new(what, "ArrayPool.Shared", 1.30, byteCount, PooledLoops.RentBufferOwn, ScopedCreateLoops.ArrayPool);
            yield return new($"{what}, two threads", "one thread alone", 1.15, byteCount, PooledLoops.RentBufferOwn, PooledLoops.RentBufferOwn)
            {
                BesideOurs = PooledLoops.RentBufferOwn,
            };
        }

        yield return new($"{LivePooledLoops.BufferCount} live, RentBuffer, random", "Alloc/Free", 0.50, 0, LivePooledLoops.RentBuffer, LivePooledLoops.Raw);
    }

    private static IEnumerable<Race> Arenas()
    {
        yield return new("Arena, Allocate 16 B, amortised", "Alloc/Free, try/finally", 0.15, 16, ArenaLoops.Arena, ArenaLoops.TryFinally)
        {
            TurnsPerCall = 16_384,
            NanosecondsTarget = 1.2,
        };
        yield return new("Arena, create, 4 small, dispose", "4 blocks, AllocZeroed, try/finally", 1.00, 0, ArenaLoops.TinyArena, ArenaLoops.FourBlocks)
        {
            NanosecondsTarget = 15,
        };
        yield return new("Arena, New 16 B, scope", "bump pointer, C#", 1.05, 16, ArenaReuseLoops.Scope, ArenaReuseLoops.Bump)
        {
            TurnsPerCall = ArenaReuseLoops.MostTurns,
        };
        yield return new("Arena, New 16 B, owner after a reset", "bump pointer, C#", 1.05, 16, ArenaReuseLoops.Owner, ArenaReuseLoops.Bump)
        {
            TurnsPerCall = ArenaReuseLoops.MostTurns,
        };
        yield return new("Arena, 4 scopes within each other", "4 blocks, try/finally", 1.00, 0, ArenaReuseLoops.NestedScopes, ArenaReuseLoops.NestedBlocks)
        {
            NanosecondsTarget = 40,
        };
        yield return new("Arena, New 16 B, owner after a reset", "a scope", 1.05, 16, ArenaReuseLoops.Owner, ArenaReuseLoops.Scope)
        {
            TurnsPerCall = ArenaReuseLoops.MostTurns,
        };
        yield return new("ArenaSlice of 16 B, made and read", "New, the same", double.PositiveInfinity, 16, ArenaReuseLoops.Slices, ArenaReuseLoops.Owner)
        {
            TurnsPerCall = ArenaReuseLoops.MostTurns,
        };
        yield return new("Arena, create, four times New 16 B, dispose", "4 blocks, AllocZeroed, try/finally", 1.00, 0, ArenaLoops.FourPairs, ArenaLoops.FourBlocks)
        {
            NanosecondsTarget = 20,
        };
        yield return new("ArenaRef, an element read", "List<T> of structs", 2.00, 0, ArenaReuseLoops.References, ArenaReuseLoops.Indexes)
        {
            TurnsPerCall = ArenaReuseLoops.MostTurns,
            NanosecondsTarget = 2,
        };
    }

    private static IEnumerable<Race> Lists()
    {
        string what = $"ScratchList<int>, {ScratchLoops.Count} on the stack";
        yield return new(what, "List<int>", 0.30, 0, ScratchLoops.ScratchFill, ScratchLoops.ManagedFill);
        yield return new($"{what}, and summed", "List<int>", 0.30, 0, ScratchLoops.Scratch, ScratchLoops.Managed);

        foreach ((string does, double target, Loop ours, Loop theirs) in ((string, double, Loop, Loop)[])
        [
            ("foreach", 1.10, ListLoops.NativeForeach, ListLoops.ManagedForeach),
            ("foreach, in a field", 1.10, ListLoops.NativeForeachField, ListLoops.ManagedForeachField),
            ("get", 1.50, ListLoops.NativeGet, ListLoops.ManagedGet),
            ("get, in a field", 1.50, ListLoops.NativeGetField, ListLoops.ManagedGetField),
            ("set", 1.50, ListLoops.NativeSet, ListLoops.ManagedSet),
            ("Add into capacity", 1.20, ListLoops.NativeAdd, ListLoops.ManagedAdd),
            ("Add into capacity, new list", 1.20, ListLoops.NativeAddLocal, ListLoops.ManagedAddLocal),
            ("RemoveAt(last), Add", 2.00, ListLoops.NativePopAdd, ListLoops.ManagedPopAdd),
            ("AddRange(16), an element", 1.10, ListLoops.NativeAddRange, ListLoops.ManagedAddRange),
        ])
        {
            yield return new($"NativeList<int>, {does}", "List<int>", target, 0, ours, theirs) { TurnsPerCall = 4, BuffersPerTurn = ListLoops.Count };
        }

        yield return new("NativeList<byte>, GetSpan(8), Advance", "ArrayBufferWriter", 1.50, 0, ListLoops.NativeWrite, ListLoops.ManagedWrite)
        {
            TurnsPerCall = 4,
            BuffersPerTurn = ListLoops.Count,
        };
        foreach ((string does, Loop ours, Loop theirs) in ((string, Loop, Loop)[])
        [
            ("Insert and RemoveAt in the middle of 1000", ListWorkLoops.NativeInsert, ListWorkLoops.ManagedInsert),
            ("IndexOf in 1000", ListWorkLoops.NativeIndexOf, ListWorkLoops.ManagedIndexOf),
            ("BinarySearch in 1000", ListWorkLoops.NativeBinarySearch, ListWorkLoops.ManagedBinarySearch),
            ("Sort 1000", ListWorkLoops.NativeSort, ListWorkLoops.ManagedSort),
        ])
        {
            yield return new($"NativeList<int>, {does}", "List<int>", 1.10, 0, ours, theirs);
        }

        foreach ((string size, int bytes, int turns) in ((string, int, int)[])[("10 KB", 10_000, 8), ("1 MB", 1_000_000, 1)])
        {
            yield return new($"NativeList<byte>, Utf8JsonWriter, {size}", "ArrayBufferWriter", 1.05, bytes, ListWorkLoops.NativeJson, ListWorkLoops.ManagedJson)
            {
                TurnsPerCall = turns,
                LeastCalls = 2,
            };
        }

        yield return new("NativeList<int>, empty, disposed", "List<int>", double.PositiveInfinity, 0, ListLoops.NativeEmpty, ListLoops.ManagedEmpty)
        {
            NanosecondsTarget = 15,
        };
        yield return new("NativeList<int>, 4 Adds, disposed", "List<int>", 1.50, 4, ListLoops.NativeFill, ListLoops.ManagedFill);
        yield return new("NativeList<int>, 100 Adds, disposed", "List<int>", 1.20, 100, ListLoops.NativeFill, ListLoops.ManagedFill);
    }

    private static string Size(int byteCount) => byteCount < 1024 ? $"{byteCount} B" : $"{byteCount / 1024} KiB";
}
