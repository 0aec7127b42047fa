using System.Buffers;
using System.Runtime.InteropServices;

namespace NativeBuffers.Tests.Lists;

/// <summary>Calls of several threads to one list, which is not made for that. All elements are marked, or zero.</summary>
internal static class ListMisuse
{
    /// <summary>All its bytes are the same: members that work on the same elements at once may mix bytes of two.</summary>
    public const long MarkedElement = 0x4141414141414141;

    public static void Try(Action use)
    {
        try
        {
            use();
        }
        catch (ObjectDisposedException)
        {
        }
        catch (InvalidOperationException)
        {
            // Borrowed, or changed while it was enumerated.
        }
        catch (ArgumentOutOfRangeException)
        {
            // Another thread took the element away.
        }
    }

    public static void Grow(NativeList<long> list, Random random)
    {
        switch (random.Next(random.Next(5) == 0 ? 5 : 3))
        {
            case 0:
                list.Add(MarkedElement);
                break;
            case 1:
                list.AddRange([MarkedElement, MarkedElement, MarkedElement]);
                break;
            case 2:
                list.Insert(0, MarkedElement);
                break;
            case 3:
                list.Resize(list.LongCount > 50_000 ? 1 : list.LongCount);
                list.TrimExcess();
                break;
            default:
                _ = list.EnsureCapacity(list.Capacity + random.Next(1000));
                break;
        }
    }

    public static void Change(NativeList<long> list, Random random)
    {
        switch (random.Next(12))
        {
            case < 6:
                for (int i = random.Next(20); i >= 0; i--)
                {
                    list.Add(MarkedElement);
                }

                break;
            case 6:
                list.Insert(random.Next(3), MarkedElement);
                break;
            case 7:
                list.RemoveRange(0, random.Next(10));
                break;
            case 8:
                list[random.Next(30)] = MarkedElement;
                break;
            case 9:
                list.TrimExcess();
                break;
            case 10:
                list.Resize(random.Next(random.Next(50) == 0 ? 40_000 : 300));
                break;
            default:
                list.AddRange([MarkedElement, MarkedElement, MarkedElement, MarkedElement, MarkedElement]);
                break;
        }
    }

    public static void Look(NativeList<long> list, Random random)
    {
        switch (random.Next(5))
        {
            case 0:
                VerifyOne(list[random.Next(100)]);
                break;
            case 1:
                foreach (long item in list)
                {
                    VerifyOne(item);
                }

                break;
            case 2:
                _ = list.IndexOf(-1);
                break;
            case 3:
                long[] copy = new long[100_000];
                try
                {
                    list.CopyTo(copy);
                }
                catch (ArgumentException)
                {
                    // Longer than that.
                }

                Verify(copy);
                break;
            default:
                Assert.InRange(list.LongCount, 0, long.MaxValue);
                Assert.InRange(list.Capacity, 0, long.MaxValue);
                break;
        }
    }

    public static void UseBorrowed(NativeList<long> list, Random random)
    {
        using Borrow<long> borrow = list.Borrow();
        Verify(borrow.Span);
        Thread.SpinWait(random.Next(60));
        foreach (ref long element in borrow.Span)
        {
            element = MarkedElement;
        }

        Verify(borrow.Span);
    }

    public static void UsePinned(NativeList<long> list)
    {
        ReadOnlyMemory<long> memory = list.AsReadOnlySequence().First;
        using MemoryHandle handle = memory.Pin();
        unsafe
        {
            Verify(new ReadOnlySpan<long>(handle.Pointer, int.Min(memory.Length, 1)));
        }
    }

    /// <summary>Uses blocks that a list may just have given back.</summary>
    public static void Disturb(Random random)
    {
        using var other = NativeBuffer.CreateUninitialized<byte>(8 << random.Next(12));
        other.Fill(0xEE);
    }

    public static void VerifyOne(long element) => Verify([element]);

    public static void Verify(ReadOnlySpan<long> elements)
    {
        // Each is read once, because other threads may write to it.
        foreach (byte part in MemoryMarshal.AsBytes(elements))
        {
            if (part is not (0 or 0x41))
            {
                Assert.Fail($"Of {elements.Length} elements one has the byte {part:X}: somebody else's, or freed.");
            }
        }
    }
}
