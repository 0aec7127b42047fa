using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Apache.Arrow;
using Apache.Arrow.Memory;
using Apache.Arrow.Types;

namespace NativeBuffers.Arrow.Tests;

public class SharedArrowTests
{
    private static readonly Schema s_numbers = new([new Field("n", Int64Type.Default, nullable: true)], null);

    private readonly string _name = $"arrow-{Environment.ProcessId}-{Guid.NewGuid():N}";

    [Fact]
    public void A_batch_is_read_where_its_builder_put_it()
    {
        using var writer = new SharedArrowWriter(_name, 1 << 20, s_numbers);
        using var reader = new SharedArrowReader(_name);
        Assert.Null(reader.ReadNext());
        Int64Array built = Build(writer.Allocator, 1_000, 1);
        writer.Write(new RecordBatch(s_numbers, [built], built.Length));
        Assert.Equal(0, writer.CopiedByteCount);
        var read = (Int64Array)reader.ReadNext()!.Column(0);
        Assert.Null(reader.ReadNext());
        Assert.Equal(built.Values.ToArray(), read.Values.ToArray());

        // The same memory, at two addresses: a change through one of them is seen through the other one.
        ref long element = ref MemoryMarshal.GetReference(built.Values);
        Volatile.Write(ref element, -77);
        Assert.Equal(-77, Volatile.Read(ref MemoryMarshal.GetReference(read.Values)));
    }

    /// <summary>Elements that the program writes in place are copied nowhere: not by a builder, not into the stream, not by the reader.</summary>
    [Fact]
    public void Another_process_reads_elements_that_were_written_in_place()
    {
        const int Length = 100_000;
        using var writer = new SharedArrowWriter(_name, 1 << 20, s_numbers);
        Memory<byte> memory = writer.Allocator.Allocate(Length * sizeof(long)).Memory;
        Span<long> numbers = MemoryMarshal.Cast<byte, long>(memory.Span);
        for (int i = 0; i < Length; i++)
        {
            numbers[i] = i;
        }

        var array = new Int64Array(new ArrowBuffer(memory), ArrowBuffer.Empty, Length, 0, 0);
        Assert.True(Unsafe.AreSame(in numbers[0], in MemoryMarshal.GetReference(array.Values)));
        writer.Write(new RecordBatch(s_numbers, [array], Length));
        Assert.Equal(0, writer.CopiedByteCount);

        string host = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..", "dotnet"));
        using Process child = Process.Start(new ProcessStartInfo(host, [typeof(ArrowReader.Program).Assembly.Location, _name])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        })!;
        long[] first = Answer(child);
        Assert.Equal([Length, (long)Length * (Length - 1) / 2], first[..2]);
        Assert.InRange(first[2], 0, Length * sizeof(long) / 10);

        // The other process has read the batch, and still sees a change of it: it has no copy.
        numbers[^1] += 1_000;
        child.StandardInput.WriteLine();
        Assert.Equal(first[1] + 1_000, Answer(child)[1]);
        child.StandardInput.Close();
        Assert.True(child.WaitForExit(60_000));
    }

    [Fact]
    public void Many_batches_of_all_kinds_of_columns_are_read_as_they_were_written()
    {
        var schema = new Schema(
            [
                new Field("numbers", Int32Type.Default, nullable: true),
                new Field("strings", StringType.Default, nullable: true),
                new Field("flags", BooleanType.Default, nullable: false),
                new Field("lists", new ListType(DoubleType.Default), nullable: true),
            ],
            [new KeyValuePair<string, string>("made", "here")]);
        using var writer = new SharedArrowWriter(_name, 1 << 20, schema);
        using var reader = new SharedArrowReader(_name);
        Assert.Equal("here", reader.Schema.Metadata["made"]);
        for (int batch = 0; batch < 20; batch++)
        {
            int length = batch * 7;
            IArrowArray[] columns = [.. Columns(writer.Allocator, length)];
            writer.Write(new RecordBatch(schema, columns, length));
            RecordBatch read = reader.ReadNext()!;
            Assert.Equal(length, read.Length);
            for (int column = 0; column < columns.Length; column++)
            {
                Assert.Equal(Describe(columns[column]), Describe(read.Column(column)));
            }
        }

        Assert.Equal(0, writer.CopiedByteCount);
    }

    [Fact]
    public void Arrays_from_elsewhere_and_slices_are_copied_and_counted()
    {
        using var writer = new SharedArrowWriter(_name, 1 << 20, s_numbers);
        using var reader = new SharedArrowReader(_name);
        Int64Array foreign = Build(new NativeArrowAllocator(), 100, 5);
        writer.Write(new RecordBatch(s_numbers, [foreign], foreign.Length));
        Assert.InRange(writer.CopiedByteCount, 800, 832);
        Assert.Equal(foreign.Values.ToArray(), ((Int64Array)reader.ReadNext()!.Column(0)).Values.ToArray());

        var early = Build(writer.Allocator, 10, 7);
        writer.Write(new RecordBatch(s_numbers, [foreign], foreign.Length));
        long before = writer.CopiedByteCount;
        writer.Write(new RecordBatch(s_numbers, [early], early.Length)); // Of the body before.
        Assert.InRange(writer.CopiedByteCount - before, 80, 128);
        _ = reader.ReadNext();
        Assert.Equal(early.Values.ToArray(), ((Int64Array)reader.ReadNext()!.Column(0)).Values.ToArray());

        var slice = (Int64Array)Build(writer.Allocator, 100, 3).Slice(3, 50);
        before = writer.CopiedByteCount;
        writer.Write(new RecordBatch(s_numbers, [slice], slice.Length));
        Assert.Equal(before, writer.CopiedByteCount);
        Assert.Equal(slice.Values.ToArray(), ((Int64Array)reader.ReadNext()!.Column(0)).Values.ToArray());
    }

    [Fact]
    public void A_slice_that_begins_between_multiples_of_8_is_copied()
    {
        var schema = new Schema([new Field("n", Int32Type.Default, nullable: false)], null);
        using var writer = new SharedArrowWriter(_name, 1 << 20, schema);
        using var reader = new SharedArrowReader(_name);
        Int32Array all = new Int32Array.Builder().AppendRange(Enumerable.Range(0, 100)).Build(writer.Allocator);
        var slice = (Int32Array)all.Slice(3, 50);
        writer.Write(new RecordBatch(schema, [slice], slice.Length));
        Assert.InRange(writer.CopiedByteCount, 200, 256);
        ReadOnlySpan<int> read = ((Int32Array)reader.ReadNext()!.Column(0)).Values;
        Assert.Equal(slice.Values.ToArray(), read.ToArray());
        unsafe
        {
            Assert.Equal(0, (nint)Unsafe.AsPointer(ref MemoryMarshal.GetReference(read)) % 8);
        }
    }

    /// <summary>A thread writes and reads batches while another one disposes: members refuse, and the process goes on.</summary>
    [Fact]
    public void Racing_disposals_are_refused()
    {
        for (int round = 0; round < 50; round++)
        {
            string name = $"{_name}-{round}";
            var writer = new SharedArrowWriter(name, 1 << 20, s_numbers);
            var reader = new SharedArrowReader(name);
            Int64Array foreign = Build(new NativeArrowAllocator(), 100, round);
            Together.Run(
                () =>
                {
                    Thread.SpinWait(round * 200);
                    writer.Dispose();
                    reader.Dispose();
                },
                () => Assert.Throws<ObjectDisposedException>(() => WriteAndRead(writer, reader, foreign)));
        }
    }

    [Fact]
    public void An_empty_batch_leaves_the_arrays_that_were_built_before_it()
    {
        using var writer = new SharedArrowWriter(_name, 1 << 20, s_numbers);
        using var reader = new SharedArrowReader(_name);
        Int64Array early = Build(writer.Allocator, 100, 9);
        Int64Array none = new Int64Array.Builder().Build(writer.Allocator);
        writer.Write(new RecordBatch(s_numbers, [none], 0));
        Int64Array late = Build(writer.Allocator, 100, 11);
        writer.Write(new RecordBatch(s_numbers, [late], late.Length));
        Assert.Equal(9, early.Values[0]);
        Assert.Equal(0, reader.ReadNext()!.Length);
        Assert.Equal(late.Values.ToArray(), ((Int64Array)reader.ReadNext()!.Column(0)).Values.ToArray());
    }

    [Fact]
    public void A_full_memory_refuses_and_keeps_its_batches()
    {
        using var writer = new SharedArrowWriter(_name, 8192, s_numbers);
        using var reader = new SharedArrowReader(_name);
        Int64Array first = Build(writer.Allocator, 100, 1);
        Assert.Throws<OutOfMemoryException>(() => Build(writer.Allocator, 10_000, 2));
        Int64Array large = Build(new NativeArrowAllocator(), 10_000, 3);
        Assert.Throws<OutOfMemoryException>(() => writer.Write(new RecordBatch(s_numbers, [large], large.Length)));
        Assert.Null(reader.ReadNext());
        writer.Write(new RecordBatch(s_numbers, [first], first.Length));
        Assert.Equal(first.Values.ToArray(), ((Int64Array)reader.ReadNext()!.Column(0)).Values.ToArray());
        _ = writer.Allocator.Allocate(writer.FreeByteCount & -64);
        writer.Write(new RecordBatch(s_numbers, [first.Slice(0, 0)], 0));
        Assert.Throws<OutOfMemoryException>(() => writer.Write(new RecordBatch(s_numbers, [first.Slice(0, 0)], 0)));
        Assert.Equal(0, writer.FreeByteCount);
    }

    [Fact]
    public void Other_memory_and_other_schemas_are_refused()
    {
        using (SharedMemory<byte> other = SharedMemory<byte>.Create(_name, 4096))
        {
            Assert.Throws<InvalidDataException>(() => new SharedArrowReader(_name));
        }

        Assert.Throws<FileNotFoundException>(() => new SharedArrowReader(_name));
        Assert.Throws<ArgumentOutOfRangeException>(() => new SharedArrowWriter(_name, 100, s_numbers));
        Assert.Throws<NotSupportedException>(
            () => new SharedArrowWriter(_name, 1 << 20, new Schema([new Field("d", new DictionaryType(Int32Type.Default, StringType.Default, false), true)], null)));
        Assert.Throws<FileNotFoundException>(() => SharedMemory<byte>.Open(_name));
    }

    [Fact]
    public void After_the_disposal_memory_is_refused_and_pins_end_first()
    {
        var writer = new SharedArrowWriter(_name, 1 << 16, s_numbers);
        Int64Array array = Build(writer.Allocator, 10, 4);
        ReadOnlyMemory<byte> memory = array.ValueBuffer.Memory;
        using (System.Buffers.MemoryHandle pin = memory.Pin())
        {
            writer.Dispose();
            writer.Dispose();
            unsafe
            {
                Assert.Equal(4, ((long*)pin.Pointer)[0]);
            }
        }

        Assert.Throws<ObjectDisposedException>(() => memory.Span.Length);
        Assert.Throws<ObjectDisposedException>(() => memory.Pin());
        Assert.Throws<ObjectDisposedException>(() => writer.Write(new RecordBatch(s_numbers, [array], array.Length)));
        Assert.Throws<ObjectDisposedException>(() => writer.Allocator.Allocate(8));
        Assert.Throws<FileNotFoundException>(() => new SharedArrowReader(_name));
    }

    [Fact]
    public void A_batch_of_other_types_is_refused_and_not_written()
    {
        using var writer = new SharedArrowWriter(_name, 1 << 16, s_numbers);
        using var reader = new SharedArrowReader(_name);
        Int32Array narrow = new Int32Array.Builder().AppendRange([1, 2, 3]).Build(writer.Allocator);
        var schema = new Schema([new Field("n", Int32Type.Default, nullable: true)], null);
        ArgumentException refusal = Assert.Throws<ArgumentException>(() => writer.Write(new RecordBatch(schema, [narrow], narrow.Length)));
        Assert.Contains("columns of int32; the writer was created for int64", refusal.Message, StringComparison.Ordinal);
        Assert.Null(reader.ReadNext());
        var renamed = new Schema([new Field("other", Int64Type.Default, nullable: false)], null);
        writer.Write(new RecordBatch(renamed, [Build(writer.Allocator, 3, 1)], 3));
        Assert.Equal(3, reader.ReadNext()!.Length);
    }

    /// <summary>For any bytes in the memory, reading ends, with an exception or without one, and leaves the memory.</summary>
    /// <remarks>Without strings and lists: Arrow follows their offsets without a check.</remarks>
    [Fact]
    public void Memory_with_wrong_bytes_is_read_or_refused_and_left()
    {
        byte[] right;
        var schema = new Schema([new Field("numbers", Int32Type.Default, nullable: true), new Field("flags", BooleanType.Default, nullable: false)], metadata: null);
        using (var writer = new SharedArrowWriter(_name, 16_384, schema))
        {
            for (int i = 0; i < 2; i++)
            {
                IArrowArray[] columns = [.. Columns(writer.Allocator, 10)];
                writer.Write(new RecordBatch(schema, [columns[0], columns[2]], 10));
            }

            using SharedMemory<byte> shared = SharedMemory<byte>.Open(_name);
            using Borrow<byte> bytes = shared.Borrow();
            right = bytes.Span.ToArray();
        }

        int refused = 0;
        for (int round = 0; round < 300; round++)
        {
            var random = new Random(round);
            using (SharedMemory<byte> shared = SharedMemory<byte>.Create(_name, right.Length))
            {
                using Borrow<byte> bytes = shared.Borrow();
                right.CopyTo(bytes.Span);
                for (int wrong = random.Next(1, 4); wrong > 0; wrong--)
                {
                    int place = random.Next(16, 1000) * sizeof(int);
                    int value = random.Next(3) switch { 0 => int.MaxValue, 1 => -1, _ => random.Next() };
                    MemoryMarshal.Write(bytes.Span[place..], in value);
                }

                try
                {
                    using var reader = new SharedArrowReader(_name);
                    while (reader.ReadNext() is { } batch)
                    {
                        _ = batch.Arrays.Select(Describe).Count();
                    }
                }
                catch (Exception exception) when (exception is not (OutOfMemoryException or ObjectDisposedException))
                {
                    refused++;
                }
            }

            Assert.Throws<FileNotFoundException>(() => SharedMemory<byte>.Open(_name));
        }

        Assert.InRange(refused, 10, 300);
    }

    /// <summary>Ends with an exception, at the latest when the memory is full and was disposed.</summary>
    private static void WriteAndRead(SharedArrowWriter writer, SharedArrowReader reader, Int64Array array)
    {
        for (bool isFull = false; ;)
        {
            try
            {
                _ = reader.ReadNext();
                if (!isFull)
                {
                    writer.Write(new RecordBatch(s_numbers, [array], array.Length));
                }
            }
            catch (OutOfMemoryException)
            {
                isFull = true;
            }
        }
    }

    private static Int64Array Build(MemoryAllocator allocator, int length, long first) =>
        new Int64Array.Builder().AppendRange(Enumerable.Range(0, length).Select(i => first + i)).Build(allocator);

    private static IEnumerable<IArrowArray> Columns(MemoryAllocator allocator, int length)
    {
        var numbers = new Int32Array.Builder();
        var strings = new StringArray.Builder();
        var flags = new BooleanArray.Builder();
        var lists = new ListArray.Builder(DoubleType.Default);
        for (int i = 0; i < length; i++)
        {
            _ = i % 3 == 0 ? numbers.AppendNull() : numbers.Append(i);
            _ = i % 4 == 0 ? strings.AppendNull() : strings.Append(new string('x', i));
            flags.Append(i % 5 == 0);
            _ = i % 6 == 0 ? lists.AppendNull() : lists.Append();
            ((DoubleArray.Builder)lists.ValueBuilder).Append(i / 2.0);
        }

        return [numbers.Build(allocator), strings.Build(allocator), flags.Build(allocator), lists.Build(allocator)];
    }

    private static string Describe(IArrowArray array) => array switch
    {
        Int32Array numbers => string.Join(' ', numbers.Select(static number => number.ToString() ?? "null")),
        StringArray strings => string.Join(' ', Enumerable.Range(0, strings.Length).Select(i => strings.GetString(i) ?? "null")),
        BooleanArray flags => string.Join(' ', Enumerable.Range(0, flags.Length).Select(i => flags.GetValue(i))),
        ListArray lists => string.Join('|', Enumerable.Range(0, lists.Length).Select(i => lists.IsNull(i) ? "null" : Describe(lists.GetSlicedValues(i)))),
        DoubleArray doubles => string.Join(' ', doubles.Values.ToArray()),
        _ => throw new ArgumentException(array.Data.DataType.Name),
    };

    private static long[] Answer(Process child) =>
        [.. child.StandardOutput.ReadLine()!.Split(' ').Select(static word => long.Parse(word, CultureInfo.InvariantCulture))];
}
