using System.Runtime.InteropServices;

namespace NativeBuffers.Tests.Races;

/// <summary>Threads that take arrays of owners while other threads resize and dispose them.</summary>
[CorrectProgram]
public class ArrayOwnerRaceTests
{
    [Slow]
    [Fact]
    public void An_array_that_was_taken_while_the_owner_was_disposed_is_its_own_for_ever()
    {
        NativeMemoryOwner<int> current = New(1);
        var race = new Race();
        race.Run(
            random =>
            {
                NativeMemoryOwner<int> next = New(random.Next(1, int.MaxValue));
                NativeMemoryOwner<int> last = Interlocked.Exchange(ref current, next);
                try
                {
                    last.Resize(random.Next(50, 150));
                }
                catch (InvalidOperationException)
                {
                    // A thread takes the array at this moment, and borrows the owner for that.
                }

                last.Dispose();
            },
            Read,
            Read);
        current.Dispose();

        void Read(Random random)
        {
            NativeMemoryOwner<int> owner = Volatile.Read(ref current);
            try
            {
                Memory<int> memory = random.Next(2) == 0 ? owner.Memory : owner.Slice(0, 50);
                Assert.True(MemoryMarshal.TryGetArray(memory, out ArraySegment<int> segment));
                Assert.True(segment.AsSpan() == memory.Span);
                int first = segment[0];
                int others = segment.AsSpan().IndexOfAnyExcept(first);

                // A resize adds zeros at the end.
                Assert.True(first != 0 && (others < 0 || segment.AsSpan(others).IndexOfAnyExcept(0) < 0));
            }
            catch (ObjectDisposedException)
            {
                Assert.True(owner.IsDisposed);
            }
        }

        static NativeMemoryOwner<int> New(int value)
        {
            NativeMemoryOwner<int> owner = NativeMemoryOwner<int>.CreateUninitialized(100, NativeAllocator.PinnedHeap);
            owner.GetSpan().Fill(value);
            return owner;
        }
    }
}
