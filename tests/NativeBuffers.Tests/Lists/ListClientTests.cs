using System.Buffers;
using System.Text;
using System.Text.Json;

namespace NativeBuffers.Tests.Lists;

/// <summary>Lists in the hands of the platform's own types, which write to buffer writers and read sequences.</summary>
[CorrectProgram]
public class ListClientTests
{
    [Fact]
    public void A_writer_of_documents_writes_the_same_bytes_to_a_list_and_to_an_array()
    {
        using var list = new NativeList<byte>();
        var array = new ArrayBufferWriter<byte>();
        foreach (IBufferWriter<byte> target in new IBufferWriter<byte>[] { list, array })
        {
            using var writer = new Utf8JsonWriter(target);
            writer.WriteStartArray();
            for (int i = 0; i < 20_000; i++)
            {
                writer.WriteStringValue($"element {i}");
            }

            writer.WriteEndArray();
        }

        Assert.True(array.WrittenSpan.SequenceEqual(list.AsSpan()));
        var reader = new Utf8JsonReader(list.AsReadOnlySequence());
        int strings = 0;
        while (reader.Read())
        {
            strings += reader.TokenType == JsonTokenType.String ? 1 : 0;
        }

        Assert.Equal(20_000, strings);
    }

    [Fact]
    public void An_encoding_writes_to_a_list_and_reads_its_sequence()
    {
        string text = string.Concat(Enumerable.Repeat("aé€😀", 30_000));
        using var list = new NativeList<byte>();
        Assert.Equal(list.LongCount + (10L * 30_000), Encoding.UTF8.GetBytes(text, list));
        Assert.Equal(text, Encoding.UTF8.GetString(list.AsReadOnlySequence()));
        Assert.Equal(text, Encoding.UTF8.GetString(list.AsSpan()));
        using var chars = new NativeList<char>();
        Encoding.UTF8.GetChars(list.AsReadOnlySequence(), chars);
        Assert.True(chars.AsSpan().SequenceEqual(text));
    }

    [Fact]
    public void A_reader_of_sequences_goes_through_a_list()
    {
        using NativeList<int> list = [.. Enumerable.Range(0, 1000)];
        var reader = new SequenceReader<int>(list.AsReadOnlySequence());
        Assert.True(reader.TryReadTo(out ReadOnlySequence<int> before, 500));
        Assert.Equal(500, before.Length);
        Assert.True(reader.TryRead(out int next));
        Assert.Equal((501, 498), (next, reader.Remaining));
        Assert.Equal([7, 8], list.AsReadOnlySequence().Slice(7, 2).ToArray());
    }

    [Fact]
    public void Memory_after_the_elements_follows_a_list_that_grows()
    {
        using var list = new NativeList<int>(4) { 1 };
        Memory<int> room = list.GetMemory(3);
        list.EnsureCapacity(1_000_000);
        room.Span[0] = 7;
        room.Span[1] = 8;
        list.Advance(2);
        Assert.Equal([1, 7, 8], list);
        using (MemoryHandle handle = room[1..].Pin())
        {
            unsafe
            {
                Assert.Equal(8, *(int*)handle.Pointer);
            }

            Assert.Throws<InvalidOperationException>(list.TrimExcess);
        }

        list.TrimExcess();
        if (list.Capacity < 1 + room.Length)
        {
            Assert.Throws<ArgumentOutOfRangeException>(() => room.Span.Length);
        }

        list.Dispose();
        Assert.Throws<ObjectDisposedException>(() => room.Span.Length);
        Assert.Throws<ObjectDisposedException>(() => room.Pin());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Memory_follows_a_list_that_another_thread_makes_grow(bool isChosen)
    {
        using var list = new NativeList<int>(4, isChosen ? NativeAllocator.Malloc : null) { 1 };
        Memory<int> room = list.GetMemory(3);
        Assert.Equal(3, room[..3].Span.Length);
        OtherThread.Run(() => list.EnsureCapacity(1000));
        int mark = isChosen ? 70_001 : 70_002;
        room.Span[0] = mark;
        list.Advance(1);
        OtherThread.Run(() => Assert.Equal(mark, room.Span[0]));
        Assert.Equal([1, mark], list);
    }

    [Fact]
    public void A_sequence_is_of_the_elements_there_were_and_throws_once_the_list_is_disposed()
    {
        var list = new NativeList<int>(4) { 1, 2, 3 };
        ReadOnlySequence<int> sequence = list.AsReadOnlySequence();
        list.Add(4);
        list[0] = 9;
        list.Resize(1_000_000);
        Assert.Equal([9, 2, 3], sequence.ToArray());
        list.Dispose();
        Assert.Throws<ObjectDisposedException>(() => sequence.ToArray());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(1000)]
    [InlineData(1_000_000)]
    public void Room_to_write_is_at_least_the_requested_size(int sizeHint)
    {
        using var list = new NativeList<byte>();
        for (int i = 0; i < 3; i++)
        {
            Assert.InRange(list.GetSpan(sizeHint).Length, int.Max(sizeHint, 1), int.MaxValue);
            Assert.InRange(list.GetMemory(sizeHint).Length, int.Max(sizeHint, 1), int.MaxValue);
            list.GetSpan(sizeHint).Fill((byte)i);
            list.Advance(list.GetSpan(sizeHint).Length);
            Assert.Equal(list.Capacity, list.LongCount);
            Assert.Equal(i, list[^1]);
        }
    }

    [Fact]
    public void Other_code_writes_its_own_elements_between_a_request_and_its_advance()
    {
        using var list = new NativeList<int>(2);
        Span<int> room = list.GetSpan(2);
        room[0] = 5;
        list.Advance(1);
        list.Advance(0);
        list.Write([6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23]);
        Assert.Equal(Enumerable.Range(5, 19), list);
    }
}
