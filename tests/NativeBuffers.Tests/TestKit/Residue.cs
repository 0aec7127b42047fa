using NativeBuffers.Blocks.Cache.Stores;

namespace NativeBuffers.Tests.TestKit;

/// <summary>The state after a long run of tests: runs in part use, kept blocks, owners alive, threads that ended and threads that wait.</summary>
/// <remarks>
/// It is made if <c>NATIVEBUFFERS_RESIDUE</c> is 1, before the tests that run alone. A test that is red with it, and green without it, depends
/// on the tests before it, and fails at times.
/// </remarks>
public sealed class Residue : IDisposable
{
    private const int ThreadCount = 4;
    private const int MostBlocks = 4000;
    private const int MostBytes = 4_000_000;

    private readonly CountdownEvent _working = new(ThreadCount);
    private readonly ManualResetEvent _isOver = new(false);
    private readonly List<(nint Block, int ByteCount)> _blocks = [];
    private readonly List<IDisposable> _owners = [];

    public Residue()
    {
        if (Environment.GetEnvironmentVariable("NATIVEBUFFERS_RESIDUE") != "1")
        {
            return;
        }

        for (int i = 0; i < ThreadCount; i++)
        {
            var random = new Random(i);
            bool waits = i % 2 == 0;
            new Thread(() => Leave(random, waits)) { IsBackground = true }.Start();
        }

        _working.Wait();
    }

    public void Dispose()
    {
        _isOver.Set();
        foreach ((nint block, int byteCount) in _blocks)
        {
            unsafe
            {
                // SAFETY: Leave kept the block, and no other code has its address.
                NativeAllocator.Default.Free((void*)block, (nuint)byteCount);
            }
        }

        _owners.ForEach(static owner => owner.Dispose());
        _working.Dispose();
    }

    /// <summary>Makes blocks and owners of each size, and keeps a part of them.</summary>
    private void Leave(Random random, bool waits)
    {
        IEnumerable<int> classes = Enumerable.Range(0, RunClass.Count).Select(static each => (int)SizeClasses.SizeOf(each));
        foreach (int byteCount in (int[])[.. classes, 20_000, 40_000, 70_000, 300_000])
        {
            int count = int.Min(MostBlocks, MostBytes / byteCount);
            LeaveBlocks(random, byteCount, count);
            LeaveOwners(random, byteCount, count / 4);
        }

        _working.Signal();
        if (waits)
        {
            _isOver.WaitOne();
        }
    }

    private unsafe void LeaveBlocks(Random random, int byteCount, int count)
    {
        nint[] blocks = [.. Enumerable.Range(0, count).Select(_ => (nint)NativeAllocator.Default.Allocate((nuint)byteCount))];
        foreach (nint block in blocks)
        {
            if (random.Next(4) != 0)
            {
                NativeAllocator.Default.Free((void*)block, (nuint)byteCount);
                continue;
            }

            lock (_blocks)
            {
                _blocks.Add((block, byteCount));
            }
        }
    }

    private void LeaveOwners(Random random, int byteCount, int count)
    {
        NativeMemoryOwner<byte>[] owners = [.. Enumerable.Range(0, count).Select(_ => NativeMemoryOwner<byte>.Create(byteCount))];
        foreach (NativeMemoryOwner<byte> owner in owners)
        {
            if (random.Next(8) != 0)
            {
                owner.Dispose();
                continue;
            }

            lock (_owners)
            {
                _owners.Add(owner);
            }
        }
    }
}
