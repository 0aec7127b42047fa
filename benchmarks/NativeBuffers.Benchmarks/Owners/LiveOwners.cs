using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using NativeBuffers.Benchmarks.Targets;

namespace NativeBuffers.Benchmarks.Owners;

/// <summary>A million owners of 64 bytes that are live at once: their memory, and the cost of a full collection.</summary>
/// <remarks>Each kind has a process of its own, because freed memory of one kind would serve the next.</remarks>
internal static class LiveOwners
{
    /// <summary>The verb by which the process is started that measures, and then prints three figures.</summary>
    public const string Verb = "live-owners";

    public const string Ours = "NativeMemoryOwner";

    /// <summary>A safe handle of a block of <c>malloc</c>: what programs write by hand.</summary>
    public const string Theirs = "SafeHandle";

    public const int Count = 1_000_000;

    private const int Size = 64;
    private const int Collections = 5;

    /// <summary>The work of the started process.</summary>
    public static void RunChild(string kind)
    {
        Func<IDisposable> create = kind == Ours ? CreateOurs : static () => new MallocHandle(Size);
        var owners = new IDisposable?[Count];
        Fill(owners.AsSpan(0, Count / 100), create);
        End(owners.AsSpan(0, Count / 100));
        NativeMemoryCache.Trim();
        _ = Collect();
        long before = ResidentMemory.ByteCount;
        Fill(owners, create);
        double bytes = (ResidentMemory.ByteCount - before) / (double)Count;
        double live = Enumerable.Range(0, Collections).Select(static _ => Collect()).Order().ElementAt(Collections / 2);
        End(owners);
        double disposed = Collect();
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{bytes} {live} {disposed}"));
        GC.KeepAlive(owners);
    }

    /// <summary>Starts such a process: the bytes of an owner, and the milliseconds of a collection with them, and after their disposal.</summary>
    public static (double Bytes, double Live, double Disposed) Measure(string kind)
    {
        double[] figures = MeasuringProcess.Run(3, [Verb, kind]);
        return (figures[0], figures[1], figures[2]);
    }

    private static void Fill(Span<IDisposable?> owners, Func<IDisposable> create)
    {
        foreach (ref IDisposable? owner in owners)
        {
            owner = create();
        }
    }

    private static void End(Span<IDisposable?> owners)
    {
        foreach (ref IDisposable? owner in owners)
        {
            owner!.Dispose();
            owner = null;
        }
    }

    /// <summary>Writes to the block, as <see cref="MallocHandle"/> does: so its page is resident.</summary>
    private static NativeMemoryOwner<byte> CreateOurs()
    {
        NativeMemoryOwner<byte> owner = NativeMemoryOwner<byte>.CreateUninitialized(Size);
        owner.GetSpan()[0] = 1;
        return owner;
    }

    /// <summary>The milliseconds of a full collection, with the finalizers that it finds.</summary>
    private static double Collect()
    {
        long start = Stopwatch.GetTimestamp();
        GC.Collect();
        GC.WaitForPendingFinalizers();
        return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
    }

    private sealed class MallocHandle : SafeHandle
    {
        public MallocHandle(int byteCount)
            : base(0, ownsHandle: true)
        {
            unsafe
            {
                // SAFETY: the handle frees the block once. The block is written, so that its page is resident.
                byte* block = (byte*)NativeMemory.Alloc((nuint)byteCount);
                *block = 1;
                SetHandle((nint)block);
            }
        }

        public override bool IsInvalid => handle == 0;

        protected override bool ReleaseHandle()
        {
            unsafe
            {
                // SAFETY: the block is live, and the platform calls this once.
                NativeMemory.Free((void*)handle);
            }

            return true;
        }
    }
}
