using OneBillionRows.Challenge;

namespace OneBillionRows.Raw;

/// <summary>The work of one thread: it takes chunks, finds their lines, and adds them up. At its end it adds the sums to the results.</summary>
internal static class RawWorker
{
    public static void Run(ChunkedFile file, RawMapping mapped, int chunkByteCount, Results results)
    {
        var chunk = default(RawChunk);
        var block = default(RawBlock);
        var stations = default(RawStationTable);
        try
        {
            chunk = RawChunk.Allocate(chunkByteCount);
            block = RawBlock.Allocate();
            stations = RawStationTable.Allocate();
            while (file.TryTake(out FileChunk part))
            {
                chunk.Load(mapped, part);
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
        finally
        {
            stations.Free();
            block.Free();
            chunk.Free();
        }
    }
}
