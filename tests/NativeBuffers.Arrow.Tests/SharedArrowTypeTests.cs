using Apache.Arrow;
using Apache.Arrow.Scalars;
using Apache.Arrow.Types;

namespace NativeBuffers.Arrow.Tests;

/// <summary>The types of the columns in a shared memory.</summary>
public class SharedArrowTypeTests
{
    private readonly string _name = $"arrow-{Environment.ProcessId}-{Guid.NewGuid():N}";

    [Fact]
    public void A_type_whose_bytes_are_read_in_another_way_is_refused()
    {
        Refuse(new Decimal128Type(10, 2), new Decimal128Array.Builder(new Decimal128Type(10, 4)).Append(1).Build());
        Refuse(new Decimal256Type(10, 2), new Decimal256Array.Builder(new Decimal256Type(10, 4)).Append(1).Build());
        Refuse(new IntervalType(IntervalUnit.MonthDayNanosecond), new YearMonthIntervalArray.Builder().Append(new YearMonthInterval(1)).Build());
        Refuse(new TimestampType(TimeUnit.Second, (string?)null), new TimestampArray.Builder(TimeUnit.Millisecond).Append(DateTimeOffset.UnixEpoch).Build());
        Refuse(new FixedSizeListType(Int32Type.Default, 2), Empty(new FixedSizeListType(Int32Type.Default, 3)));
        Refuse(new ListType(Int32Type.Default), new ListArray.Builder(Int64Type.Default).Append().Build());
        Refuse(Union(UnionMode.Dense), Empty(Union(UnionMode.Sparse)));

        static UnionType Union(UnionMode mode) => new([new Field("n", Int32Type.Default, nullable: true)], [0], mode);

        static IArrowArray Empty(IArrowType type) => ArrowArrayFactory.BuildArray(
            new ArrayData(type, 0, 0, 0, [ArrowBuffer.Empty], [new Int32Array.Builder().Build().Data]));

        void Refuse(IArrowType type, IArrowArray array)
        {
            var right = new Schema([new Field("a", type, nullable: true)], null);
            using var writer = new SharedArrowWriter(_name, 1 << 16, right);
            var wrong = new Schema([new Field("a", array.Data.DataType, nullable: true)], null);
            Assert.Throws<ArgumentException>(() => writer.Write(new RecordBatch(wrong, [array], array.Length)));

            // Arrow does not compare the arrays of a batch with its schema.
            Assert.Throws<ArgumentException>(() => writer.Write(new RecordBatch(right, [array], array.Length)));
        }
    }

    [Fact]
    public void Extensions_are_written_as_their_storage_and_refused_with_it()
    {
        Int8Array storage = new Int8Array.Builder().AppendRange([0, 1]).Build();
        Bool8Array flags = new Bool8Array(storage);
        var schema = new Schema([new Field("flag", flags.Data.DataType, nullable: true)], null);
        using var writer = new SharedArrowWriter(_name, 1 << 16, schema);
        using var reader = new SharedArrowReader(_name);
        writer.Write(new RecordBatch(schema, [flags], 2));
        Assert.Equal(2, reader.ReadNext()!.Length);
        Assert.Throws<ArgumentException>(() => writer.Write(new RecordBatch(schema, [storage], 2)));
        var views = new Schema([new Field("v", new ViewExtension(), nullable: true)], null);
        Assert.Throws<NotSupportedException>(() => new SharedArrowWriter($"{_name}-v", 1 << 16, views));
    }

    private sealed class ViewExtension() : ExtensionType(StringViewType.Default)
    {
        public override string Name => "test.view";

        public override string ExtensionMetadata => "";

        public override ExtensionArray CreateArray(IArrowArray storageArray) => throw new NotSupportedException();
    }
}
