using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace NativeBuffers.Benchmarks.Pools;

/// <summary>Ten thousand buffers of 100 B to 8 KiB are live; at each turn one of them, any, is replaced by one of another size.</summary>
/// <remarks>The first byte of the old one is read, that of the new one written. Both ways replace the same ones in the same order.</remarks>
internal static class LivePooledLoops
{
    public const int BufferCount = 10_000;

    private const int StepCount = 1 << 16;

    private static readonly Step[] s_steps = MakeSteps();
    private static readonly PooledBuffer<byte>[] s_buffers = MakeBuffers();
    private static readonly unsafe byte*[] s_blocks = MakeBlocks();
    private static int s_bufferStep;
    private static int s_blockStep;

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static int RentBuffer(int turns, int byteCount)
    {
        int sum = 0;
        for (int turn = 0; turn < turns; turn++)
        {
            Step step = s_steps[s_bufferStep++ % StepCount];
            ref PooledBuffer<byte> buffer = ref s_buffers[step.Place];
            sum += buffer.AsSpan()[0];
            buffer.Dispose();
            buffer = NativeMemoryPool<byte>.Shared.RentBuffer(step.ByteCount);
            buffer.AsSpan()[0] = (byte)step.ByteCount;
        }

        return sum;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static int Raw(int turns, int byteCount)
    {
        int sum = 0;
        for (int turn = 0; turn < turns; turn++)
        {
            Step step = s_steps[s_blockStep++ % StepCount];
            unsafe
            {
                // SAFETY: every place has a block, and no block is used after its free.
                ref byte* block = ref s_blocks[step.Place];
                sum += block[0];
                NativeMemory.Free(block);
                block = (byte*)NativeMemory.Alloc((nuint)step.ByteCount);
                block[0] = (byte)step.ByteCount;
            }
        }

        return sum;
    }

    private static Step[] MakeSteps()
    {
        var random = new Random(1);
        var steps = new Step[StepCount];
        for (int i = 0; i < steps.Length; i++)
        {
            steps[i] = new Step(random.Next(BufferCount), random.Next(100, 8 * 1024 + 1));
        }

        return steps;
    }

    private static PooledBuffer<byte>[] MakeBuffers()
    {
        var random = new Random(2);
        var buffers = new PooledBuffer<byte>[BufferCount];
        for (int i = 0; i < buffers.Length; i++)
        {
            buffers[i] = NativeMemoryPool<byte>.Shared.RentBuffer(random.Next(100, 8 * 1024 + 1));
            buffers[i].AsSpan()[0] = 0;
        }

        return buffers;
    }

    private static unsafe byte*[] MakeBlocks()
    {
        var random = new Random(2);
        byte*[] blocks = new byte*[BufferCount];
        for (int i = 0; i < blocks.Length; i++)
        {
            blocks[i] = (byte*)NativeMemory.Alloc((nuint)random.Next(100, 8 * 1024 + 1));
            blocks[i][0] = 0;
        }

        return blocks;
    }

    private readonly record struct Step(int Place, int ByteCount);
}
