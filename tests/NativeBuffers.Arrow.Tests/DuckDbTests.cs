using System.Data.Common;
using System.Runtime.InteropServices;
using Apache.Arrow;
using Apache.Arrow.C;
using Apache.Arrow.Ipc;
using Apache.Arrow.Types;
using DuckDB.NET.Data;

namespace NativeBuffers.Arrow.Tests;

/// <summary>A database in C++ reads the memory of owners where it lies, through the C Data Interface.</summary>
public unsafe partial class DuckDbTests
{
    private const int Rows = 100_000;

    [Fact]
    public void DuckDB_sums_the_elements_of_an_owner_and_releases_them()
    {
        Assert.SkipUnless(NativeLibrary.TryLoad("duckdb", typeof(DuckDbTests).Assembly, null, out _), "DuckDB's library is not there for this system.");
        using NativeMemoryBudget budget = NativeAllocator.Default.WithLimit(10 << 20);
        NativeMemoryOwner<long> owner = NativeMemoryOwner<long>.Create(Rows, budget);
        using (Borrow<long> numbers = owner.Borrow())
        {
            for (int i = 0; i < Rows; i++)
            {
                numbers[i] = i;
            }
        }

        var schema = new Schema([new Field("n", Int64Type.Default, nullable: false)], null);
        var batch = new RecordBatch(schema, [NativeArrowArray.Create(owner)], Rows);
        using (var connection = new DuckDBConnection("DataSource=:memory:"))
        {
            connection.Open();
            CArrowArrayStream* stream = CArrowArrayStream.Create();
            CArrowArrayStreamExporter.ExportArrayStream(new OneBatch(batch), stream);
            Assert.Equal(0, duckdb_arrow_scan(connection.NativeConnection.DangerousGetHandle(), "numbers", stream));
            using DbCommand command = connection.CreateCommand();
            command.CommandText = "select cast(sum(n) as bigint) from numbers where n % 2 = 0";
            Assert.Equal((long)Rows / 2 * (Rows / 2 - 1), command.ExecuteScalar());
            command.CommandText = "drop view numbers";
            command.ExecuteNonQuery();
            CArrowArrayStream.Free(stream);
        }

        batch.Dispose();
        Assert.Equal(0, budget.UsedBytes);
    }

    [LibraryImport("duckdb", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int duckdb_arrow_scan(nint connection, string name, CArrowArrayStream* stream);

    private sealed class OneBatch(RecordBatch batch) : IArrowArrayStream
    {
        private RecordBatch? _next = batch;

        public Schema Schema { get; } = batch.Schema;

        public ValueTask<RecordBatch> ReadNextRecordBatchAsync(CancellationToken cancellationToken = default) =>
            new(Interlocked.Exchange(ref _next, null)!);

        public void Dispose()
        {
        }
    }
}
