using System.Runtime.Intrinsics;
using NativeBuffers;
using OneBillionRows.Challenge;

namespace OneBillionRows.Safe;

/// <summary>The work of one thread: it takes chunks, finds their lines, and adds them up. At its end it adds the sums to the results.</summary>
internal static class Worker
{
    public static void Run(ChunkedFile file, MappedFile<byte> mapped, int chunkByteCount, Results results)
    {
        using ReadOnlyBorrow<byte> content = mapped.BorrowReadOnly();

        // All other memory of a worker.
        using NativeBuffer<byte> bytes = NativeBuffer.CreateUninitialized<byte>(Chunk.BufferLength(chunkByteCount));
        using NativeBuffer<int> newlines = NativeBuffer.CreateUninitialized<int>(Block.NewlinesLength);
        using NativeBuffer<Line> lines = NativeBuffer.CreateUninitialized<Line>(Block.LinesLength);
        using NativeBuffer<Vector256<byte>> names = NativeBuffer.CreateUninitialized<Vector256<byte>>(Block.NamesLength);
        using NativeBuffer<int> unknown = NativeBuffer.CreateUninitialized<int>(Block.LinesLength);
        using NativeBuffer<Station> slots = NativeBuffer.Create<Station>(StationTable.SlotCount);
        using NativeBuffer<int> used = NativeBuffer.CreateUninitialized<int>(LineRules.MaxStationCount);
        using NativeBuffer<byte> stationNames = NativeBuffer.CreateUninitialized<byte>(StationTable.NamesLength);

        var chunk = new Chunk(bytes);
        var block = new Block(newlines, lines, names, unknown);
        var stations = new StationTable(slots, used, stationNames);
        while (file.TryTake(out FileChunk part))
        {
            (long start, int length) = Chunk.WindowOf(part, content.Length);
            chunk.Load(content.AsSpan(start, length), part);
            int malformedAt = block.AddAll(chunk, ref stations);
            if (malformedAt >= 0)
            {
                file.ReportMalformed(chunk.OffsetOf(malformedAt));
                return;
            }

            file.Complete(part);
        }

        stations.AddTo(results);
    }
}
