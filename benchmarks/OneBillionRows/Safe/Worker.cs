using NativeBuffers;
using OneBillionRows.Challenge;

namespace OneBillionRows.Safe;

/// <summary>What one thread does: take a chunk, find its lines, add them up; at the end, hand over the sums.</summary>
internal static class Worker
{
    public static void Run(ChunkedFile file, int chunkByteCount, Results results)
    {
        // All memory of a worker.
        using NativeBuffer<byte> bytes = NativeBuffer.CreateUninitialized<byte>(Chunk.BufferLength(chunkByteCount));
        using NativeBuffer<int> newlines = NativeBuffer.CreateUninitialized<int>(Block.NewlinesLength);
        using NativeBuffer<Line> lines = NativeBuffer.CreateUninitialized<Line>(Block.LinesLength);
        using NativeBuffer<int> unknown = NativeBuffer.CreateUninitialized<int>(Block.LinesLength);
        using NativeBuffer<Station> slots = NativeBuffer.Create<Station>(StationTable.SlotCount);
        using NativeBuffer<int> used = NativeBuffer.CreateUninitialized<int>(LineRules.MaxStationCount);
        using NativeBuffer<byte> names = NativeBuffer.CreateUninitialized<byte>(StationTable.NamesLength);

        var chunk = new Chunk(bytes);
        var block = new Block(newlines, lines, unknown);
        var stations = new StationTable(slots, used, names);
        while (file.TryTake(out FileChunk part))
        {
            chunk.Load(file, part);
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
