using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace NativeBuffers.Tests.Primitives;

/// <summary>Each message names the given value, and the allowed values.</summary>
public class MessageTests
{
    [Fact]
    public void An_index_and_how_many_elements_there_are()
    {
        CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
        using var list = new NativeList<int> { 1, 2, 3 };
        Names<ArgumentOutOfRangeException>(() => list[5], "5", "3");
        Names<ArgumentOutOfRangeException>(() => list[-1] = 0, "-1", "3");
        Names<ArgumentOutOfRangeException>(() => list.RemoveAt(7), "7", "3");
        Names<ArgumentOutOfRangeException>(() => list.RemoveRange(1, 9), "9", "1", "3");
        Names<ArgumentOutOfRangeException>(() => list.AsSpan(2, 5), "5", "2", "3");
        Names<ArgumentOutOfRangeException>(() => list.Insert(9, 1), "9", "3");
        Names<ArgumentOutOfRangeException>(
            () =>
            {
                using var scratch = new ScratchList<int>(stackalloc int[4]);
                scratch.Add(1);
                _ = scratch[6];
            },
            "6",
            "1");
        Names<ArgumentOutOfRangeException>(
            () =>
            {
                using var scratch = new ScratchList<int>(stackalloc int[4]);
                scratch.RemoveLast();
            },
            "no elements");
        using var owner = NativeMemoryOwner<int>.Create(10);
        Names<ArgumentOutOfRangeException>(() => owner.Slice(11, 1), "11", "10");
        Names<ArgumentOutOfRangeException>(() => owner.Slice(4, 7), "4", "7", "10");
        Names<ArgumentOutOfRangeException>(() => owner.Pin(12), "12", "10");
        Names<ArgumentOutOfRangeException>(() => owner.Retain(3, 8), "3", "8", "10");
        Names<IndexOutOfRangeException>(
            () =>
            {
                using Borrow<int> borrow = owner.Borrow();
                _ = borrow[10L];
            },
            "10",
            "from 0 to 9");
        Names<ArgumentOutOfRangeException>(() => NativeBuffer.Create<long>(1).Resize(-2), "-2");
        Names<ArgumentOutOfRangeException>(() => NativeMemoryOwner<long>.Create(long.MaxValue), "9,223,372,036,854,775,807", "8 bytes");
        using NativeRegion region = NativeRegion.Reserve(1 << 20);
        Names<ArgumentOutOfRangeException>(() => region.Commit(0, 1 << 21), "2,097,152", "1,048,576 are there");
    }

    [Fact]
    public void A_pin_after_the_owner_has_shrunk()
    {
        CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
        using var owner = NativeMemoryOwner<int>.Create(10);
        _ = owner.Memory;
        owner.Resize(4);
        Names<InvalidOperationException>(() => owner.Pin(), "4", "10");
    }

    [Fact]
    [SuppressMessage("Ownership", "NB0002", Justification = "The message of the exception is the test.")]
    public void How_the_memory_was_lost_of_each_kind_of_owner()
    {
        var owner = NativeMemoryOwner<int>.Create(1);
        NativeMemoryOwner<int> moved = owner.Move();
        moved.Dispose();
        Says(() => owner.Borrow(), "Move", "copy");
        var list = new NativeList<int>();
        list.ToOwner().Dispose();
        Says(() => list.Add(1), "ToOwner", "copy");
        NativeRegion region = NativeRegion.Reserve(4096);
        region.Dispose();
        Says(() => region.Commit(0, 4096), "disposed", "copy");
        using var pool = new NativeMemoryPool<int>(new NativePoolOptions());
        PooledBuffer<int> buffer = pool.RentBuffer(1);
        buffer.Dispose();
        Says(() => buffer.AsSpan(), "given back", "Move");
        using var kept = NativeMemoryOwner<int>.Create(1);
        IMemoryOwner<int> retained = kept.Retain();
        retained.Dispose();
        Says(() => _ = retained.Memory.Span, "has ended", "Move");
        Says(
            () =>
            {
                Borrow<int> borrow = kept.Borrow();
                borrow.Dispose();
                _ = borrow.Span;
            },
            "has ended",
            "Move");
        Says(
            () =>
            {
                var scoped = NativeBuffer.Create<int>(1);
                scoped.Dispose();
                _ = scoped.AsSpan();
            },
            "copy",
            "ToOwner");
        Says(
            () =>
            {
                var scratch = new ScratchList<int>(stackalloc int[1]);
                scratch.Dispose();
                _ = scratch.AsSpan();
            },
            "copy",
            "ToOwner");
    }

    private static void Says(Action use, string word, string notThis)
    {
        string message = Assert.Throws<ObjectDisposedException>(use).Message;
        Assert.Contains(word, message, StringComparison.Ordinal);
        Assert.DoesNotContain(notThis, message, StringComparison.Ordinal);
    }

    private static void Names<TException>(Func<object> use, params string[] words)
        where TException : Exception =>
        Names<TException>(() => { _ = use(); }, words);

    private static void Names<TException>(Action use, params string[] words)
        where TException : Exception
    {
        string message = Assert.Throws<TException>(use).Message;
        int parameter = message.IndexOf(" (Parameter", StringComparison.Ordinal);
        string sentence = parameter < 0 ? message : message[..parameter];
        Assert.All(words, word => Assert.Contains(word, sentence, StringComparison.Ordinal));
    }
}
