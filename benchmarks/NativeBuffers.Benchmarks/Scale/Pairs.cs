using System.Buffers;
using System.Diagnostics;
using System.Runtime.InteropServices;
using NativeBuffers.Benchmarks.Owners;
using NativeBuffers.Benchmarks.Targets;

namespace NativeBuffers.Benchmarks.Scale;

/// <summary>Pairs of threads: one makes blocks, the other frees them.</summary>
/// <remarks>
/// The two exchange crates of blocks. The maker fills one crate while the other thread empties another, and a thread without a crate
/// spins. So the crates cost little: one write and one read of a shared word for each <see cref="CrateLength"/> blocks.
/// </remarks>
internal static class Pairs
{
    private const int CrateLength = 64;
    private const int CrateCount = 4;
    private const int Rounds = 5;
    private static readonly TimeSpan s_warmUp = TimeSpan.FromMilliseconds(150);
    private static readonly TimeSpan s_sample = TimeSpan.FromMilliseconds(60);

    /// <summary>Blocks of <paramref name="byteCount"/> bytes, rented from the shared pool.</summary>
    public static double RentBuffer(int pairs, int byteCount, Effort effort) =>
        Measure(pairs, effort, () => Touched(NativeMemoryPool<byte>.Shared.RentBuffer(byteCount)), static buffer => buffer.Dispose());

    /// <summary>Owners on the managed heap.</summary>
    public static double Owner(int pairs, int byteCount, Effort effort) =>
        Measure(pairs, effort, () => NativeMemoryOwner<byte>.CreateUninitialized(byteCount), static owner => owner.Dispose());

    /// <summary>Owners on the managed heap, each of which its maker has borrowed and written.</summary>
    public static double BorrowedOwner(int pairs, int byteCount, Effort effort)
    {
        return Measure(pairs, effort, () => Make(byteCount), static owner => owner.Dispose());

        static NativeMemoryOwner<byte> Make(int byteCount)
        {
            NativeMemoryOwner<byte> owner = NativeMemoryOwner<byte>.CreateUninitialized(byteCount);
            using Borrow<byte> borrow = owner.Borrow();
            borrow[0] = 1;
            return owner;
        }
    }

    /// <summary>The same with a <see cref="SafeHandle"/> over <c>malloc</c>.</summary>
    public static double Handle(int pairs, int byteCount, Effort effort)
    {
        return Measure(pairs, effort, () => Make(byteCount), static handle => handle.Dispose());

        static MallocHandle Make(int byteCount)
        {
            var handle = new MallocHandle(byteCount);
            bool isAdded = false;
            handle.DangerousAddRef(ref isAdded);
            handle.First = 1;
            handle.DangerousRelease();
            return handle;
        }
    }

    /// <summary>The same with <see cref="ArrayPool{T}"/>.</summary>
    public static double Array(int pairs, int byteCount, Effort effort) =>
        Measure(pairs, effort, () => ArrayPool<byte>.Shared.Rent(byteCount), static array => ArrayPool<byte>.Shared.Return(array));

    /// <summary>The same with the C library's <c>malloc</c> and <c>free</c>.</summary>
    public static double Malloc(int pairs, int byteCount, Effort effort)
    {
        return Measure(pairs, effort, () => Allocate((nuint)byteCount), Free);

        static nint Allocate(nuint byteCount)
        {
            unsafe
            {
                byte* block = (byte*)NativeMemory.Alloc(byteCount);
                block[0] = 1;
                return (nint)block;
            }
        }

        static void Free(nint block)
        {
            unsafe
            {
                NativeMemory.Free((void*)block);
            }
        }
    }

    private static PooledBuffer<byte> Touched(PooledBuffer<byte> buffer)
    {
        buffer.AsSpan()[0] = 1;
        return buffer;
    }

    /// <summary>Nanoseconds a block, from the start of the maker to the end of the other thread: the median over pairs and rounds.</summary>
    private static double Measure<T>(int pairs, Effort effort, Func<T> make, Action<T> free)
    {
        double[] times = new double[pairs * Rounds];
        using var start = new Barrier(2 * pairs);
        List<Thread> threads = [];
        for (int pair = 0; pair < pairs; pair++)
        {
            var belt = new Belt<T>();
            int first = pair * Rounds;
            threads.Add(new Thread(() =>
            {
                for (int round = -1; round < Rounds; round++)
                {
                    start.SignalAndWait();
                    long began = Stopwatch.GetTimestamp();
                    long made = belt.Fill(make, effort.Length(round < 0 ? s_warmUp : s_sample), round);
                    double time = Stopwatch.GetElapsedTime(began).TotalNanoseconds / made;
                    if (round >= 0)
                    {
                        times[first + round] = time;
                    }
                }
            }));
            threads.Add(new Thread(() =>
            {
                for (int round = -1; round < Rounds; round++)
                {
                    start.SignalAndWait();
                    belt.Empty(free, round);
                }
            }));
        }

        threads.ForEach(static thread => thread.Start());
        threads.ForEach(static thread => thread.Join());
        return times.Order().ElementAt(times.Length / 2);
    }

    /// <summary>The crates between two threads.</summary>
    private sealed class Belt<T>
    {
        private readonly T[][] _crates = [.. Enumerable.Range(0, CrateCount).Select(static _ => new T[CrateLength])];
        private long _filled;
        private long _emptied;
        private int _ended = int.MinValue;

        /// <summary>Fills crates for some time, waits until all are empty, and returns the number of blocks.</summary>
        public long Fill(Func<T> make, TimeSpan length, int round)
        {
            long first = Stopwatch.GetTimestamp();
            long before = _filled;
            while (Stopwatch.GetElapsedTime(first) < length)
            {
                var wait = default(SpinWait);
                while (_filled - Volatile.Read(ref _emptied) == CrateCount)
                {
                    wait.SpinOnce(sleep1Threshold: -1);
                }

                foreach (ref T block in _crates[_filled % CrateCount].AsSpan())
                {
                    block = make();
                }

                Volatile.Write(ref _filled, _filled + 1);
            }

            Volatile.Write(ref _ended, round);
            SpinWait.SpinUntil(() => Volatile.Read(ref _emptied) == _filled);
            return (_filled - before) * CrateLength;
        }

        /// <summary>Empties crates until the last one of the round.</summary>
        public void Empty(Action<T> free, int round)
        {
            var wait = default(SpinWait);
            while (true)
            {
                // The end is read first: a crate that was filled before it is found afterwards.
                bool isEnd = Volatile.Read(ref _ended) == round;
                if (Volatile.Read(ref _filled) == _emptied)
                {
                    if (isEnd)
                    {
                        return;
                    }

                    wait.SpinOnce(sleep1Threshold: -1);
                    continue;
                }

                wait.Reset();
                foreach (T block in _crates[_emptied % CrateCount])
                {
                    free(block);
                }

                Volatile.Write(ref _emptied, _emptied + 1);
            }
        }
    }
}
