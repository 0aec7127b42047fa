using System.Runtime.CompilerServices;

namespace NativeBuffers.Benchmarks.Targets;

/// <summary>Sizes from 1 byte to 512 KiB, each doubling as likely as any other; the largest pass the caches by.</summary>
internal sealed class MixedSizes
{
    private const int Count = 4096;

    private readonly int[] _byteCounts;

    public MixedSizes()
    {
        var random = new Random(1);
        _byteCounts = [.. Enumerable.Range(0, Count).Select(_ => (int)double.Exp2(random.NextDouble() * 19))];
    }

    /// <summary>Creates and disposes this number of buffers, two at a time, and touches both ends of each.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public int CreateAndDispose(int bufferCount)
    {
        int sum = 0;
        for (int i = 0; i < bufferCount; i += 2)
        {
            using var outer = NativeBuffer.CreateUninitialized<byte>(_byteCounts[i % Count]);
            using var inner = NativeBuffer.CreateUninitialized<byte>(_byteCounts[(i + 1) % Count]);
            outer[0] = inner[0] = (byte)i;
            outer[^1] = inner[^1] = (byte)i;
            sum += outer[0] + inner[^1];
        }

        return sum;
    }
}
