using System.Buffers;
using System.Diagnostics.CodeAnalysis;

namespace NativeBuffers.Tests.Races;

/// <summary>An owner whose elements all hold its own mark, as long as it lives.</summary>
internal sealed class MarkedOwner
{
    private readonly long _mark = Mark.Next();
    private readonly NativeAllocator? _allocator;
    private readonly int _length;

    public MarkedOwner(int length, NativeAllocator? allocator)
    {
        _allocator = allocator;
        _length = length;
        Owner = NativeMemoryOwner<long>.CreateUninitialized(length, allocator);
        Owner.GetSpan().Fill(_mark);
    }

    public NativeMemoryOwner<long> Owner { get; }

    /// <summary>A length that is short nearly always, so that threads meet often.</summary>
    public static int RandomLength(Random random) => random.Next(200) == 0 ? random.Next(40_000) : random.Next(1, 200);

    /// <summary>Borrows and uses the elements; false when the owner was disposed before.</summary>
    public bool TryBorrow(Random random)
    {
        try
        {
            using Borrow<long> borrow = Owner.Borrow();
            Mark.Use(borrow.Span, _mark, random);
            return true;
        }
        catch (ObjectDisposedException)
        {
            return false;
        }
    }

    /// <summary>Borrows, disposes, and goes on using the elements; false when the owner was disposed before.</summary>
    public bool TryDisposeWhileBorrowed(Random random)
    {
        try
        {
            using Borrow<long> borrow = Owner.Borrow();
            Owner.Dispose();

            // A freed block would be the next owner's now.
            var other = new MarkedOwner(_length, _allocator);
            Mark.Use(borrow.Span, _mark, random);
            other.Owner.Dispose();
            return true;
        }
        catch (ObjectDisposedException)
        {
            return false;
        }
    }

    /// <summary>Borrows twice, and ends the first before the second; false when the owner was disposed before.</summary>
    [SuppressMessage("Ownership", "NB0001", Justification = "Only a failed assertion skips the disposals.")]
    [SuppressMessage("Ownership", "NB0003", Justification = "The second disposal must not end the second borrow.")]
    public bool TryBorrowTwice(Random random)
    {
        try
        {
            Borrow<long> first = Owner.Borrow();
            Borrow<long> second;
            try
            {
                second = Owner.Borrow();
            }
            catch (ObjectDisposedException)
            {
                Mark.Use(first.Span, _mark, random);
                first.Dispose();
                return false;
            }

            Mark.Use(first.Span, _mark, random);
            first.Dispose();
            Mark.Use(second.Span, _mark, random);
            first.Dispose();
            Mark.Use(second.Span, _mark, random);
            second.Dispose();
            return true;
        }
        catch (ObjectDisposedException)
        {
            return false;
        }
    }

    /// <summary>Pins, and lets another use and end it; null when the owner was disposed before.</summary>
    public MarkedPin? TryPin(Random random)
    {
        try
        {
            MemoryHandle handle = random.Next(2) == 0 ? Owner.Pin() : Owner.Memory.Pin();
            return new MarkedPin(handle, _length, _mark);
        }
        catch (ObjectDisposedException)
        {
            return null;
        }
    }
}
