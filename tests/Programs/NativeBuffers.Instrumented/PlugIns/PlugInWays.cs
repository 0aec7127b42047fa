using System.Diagnostics.CodeAnalysis;

namespace NativeBuffers.Instrumented.PlugIns;

/// <summary>Each way in which a plug-in may use the library with its own types.</summary>
public static class PlugInWays
{
    /// <summary>The object that the host keeps of a plug-in, which must make the test fail.</summary>
    public const string Held = "held by the host";

    [SuppressMessage("Ownership", "NB0001", Justification = "The plug-in forgets an owner on purpose.")]
    [SuppressMessage("Ownership", "NB0009", Justification = "Nothing keeps the forgotten owner: the collector must find it.")]
    public static IReadOnlyDictionary<string, Action> All { get; } = new Dictionary<string, Action>
    {
        ["nothing"] = static () => { },
        [Held] = static () => AppDomain.CurrentDomain.SetData(Held, typeof(PlugIn)),
        ["owner"] = static () =>
        {
            using var owner = NativeMemoryOwner<PlugIn>.Create(10);
            using Borrow<PlugIn> borrow = owner.Borrow();
            borrow[0].First = 1;
        },
        ["owner of malloc"] = static () => NativeMemoryOwner<PlugIn>.Create(10, NativeAllocator.Malloc).Dispose(),
        ["large owner"] = static () => NativeMemoryOwner<PlugIn>.Create(10_000_000).Dispose(),
        ["forgotten owner"] = static () => NativeMemoryOwner<PlugIn>.Create(10).Memory.Span.Clear(),
        ["buffer"] = static () =>
        {
            using var buffer = NativeBuffer.Create<PlugIn>(10);
            buffer[0].First = 1;
        },
        ["buffer of malloc"] = static () => NativeBuffer.Create<PlugIn>(10, NativeAllocator.Malloc).Dispose(),
        ["list"] = static () =>
        {
            using var list = new NativeList<PlugIn> { default };
            list.EnsureCapacity(1000);
        },
        ["scratch list"] = static () =>
        {
            var list = new ScratchList<PlugIn>(stackalloc PlugIn[2]);
            for (int i = 0; i < 9; i++)
            {
                list.Add(default);
            }

            list.Dispose();
        },
        ["shared pool"] = static () =>
        {
            using var buffer = NativeMemoryPool<PlugIn>.Shared.RentBuffer(10);
            using var rental = NativeMemoryPool<PlugIn>.Shared.Rent(10);
            rental.Memory.Pin().Dispose();
        },
        ["own pool"] = static () =>
        {
            using var pool = new NativeMemoryPool<PlugIn>(new NativePoolOptions());
            pool.RentBuffer(10).Dispose();
        },
        ["arena"] = static () =>
        {
            using var arena = NativeArena.Create();
            arena.Allocate<PlugIn>(3).Clear();
        },
        ["arena owner"] = static () =>
        {
            using var arena = NativeArenaOwner.Create();
            using ArenaBorrow borrow = arena.Borrow();
            borrow.Allocate<PlugIn>(3).Clear();
        },
        ["stable buffer"] = static () =>
        {
            using var buffer = StableBuffer<PlugIn>.Reserve(1000);
            buffer.Resize(10);
        },
        ["shared memory"] = static () => SharedMemory<PlugIn>.Create($"plug-in-{Environment.ProcessId}", 10).Dispose(),
        ["mapped file"] = static () =>
        {
            string path = Path.GetTempFileName();
            MappedFile<PlugIn>.Create(path, 10).Dispose();
            File.Delete(path);
        },
        ["adopted block"] = static () =>
        {
            unsafe
            {
                // SAFETY: the block has these bytes, and the owner frees it once.
                var block = (PlugIn*)NativeAllocator.Malloc.Allocate((nuint)(10 * sizeof(PlugIn)));
                NativeMemoryOwner<PlugIn>.Adopt(block, 10, NativeAllocator.Malloc).Dispose();
            }
        },
        ["handle"] = static () => SafeMallocBuffer.FromOwner(NativeMemoryOwner<PlugIn>.Create(10, NativeAllocator.Malloc)).Dispose(),
        ["own allocator"] = static () =>
        {
            var own = new PlugInAllocator();
            NativeMemoryOwner<PlugIn>.Create(10, own).Dispose();
            NativeMemoryOwner<PlugIn>.Create(10, own.WithTracking()).Dispose();
            NativeMemoryOwner<PlugIn>.Create(10, own.WithGuards(GuardMode.Checked)).Dispose();
            NativeMemoryOwner<PlugIn>.Create(10, own.WithGuards(GuardMode.Pages)).Dispose();
        },
        ["tracked allocator"] = static () => NativeMemoryOwner<PlugIn>.Create(10, NativeAllocator.Malloc.WithTracking()).Dispose(),
        ["guarded allocator"] = static () =>
        {
            NativeMemoryOwner<PlugIn>.Create(10, NativeAllocator.Malloc.WithGuards(GuardMode.Checked)).Dispose();
            NativeMemoryOwner<PlugIn>.Create(10, NativeAllocator.Malloc.WithGuards(GuardMode.Pages)).Dispose();
            NativeMemoryOwner<PlugIn>.Create(10, NativeAllocator.Malloc.WithGuards(GuardMode.Sampled)).Dispose();
        },
        ["budget"] = static () =>
        {
            NativeMemoryBudget budget = NativeAllocator.Default.WithBudget(new() { Limit = 1000, ReservedBytes = 10, OnRefusal = static _ => false });
            NativeMemoryOwner<PlugIn>.Create(10, budget).Dispose();
            _ = NativeBuffer.TryCreate<PlugIn>(1000, out _, budget);
            NativeMemoryOwner<PlugIn>.Create(10, budget.WithGuards(GuardMode.Checked)).Dispose();
        },
        ["leak scope"] = static () =>
        {
            using (NativeMemoryTracker.AssertNoLeaks())
            {
                NativeMemoryOwner<PlugIn>.Create(10).Dispose();
            }
        },
        ["faults"] = static () => FaultInjection.ForEachFailure(static () => NativeMemoryOwner<PlugIn>.Create(10).Dispose()),
        ["planned faults"] = static () => NativeMemoryOwner<PlugIn>.Create(10, NativeAllocator.Malloc.WithFaults(FaultPlan.FailNth(2))).Dispose(),
        ["task"] = static () => Task.Run(static async () =>
        {
            using var owner = NativeMemoryOwner<PlugIn>.Create(10);
            await Task.Yield();
            owner.Memory.Span[0].First = 1;
        }).Wait(),
    };

    /// <summary>Goes one way. Called by reflection.</summary>
    public static void Go(string way) => All[way]();
}
