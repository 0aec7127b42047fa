using NativeBuffers.Blocks.Lifecycle;

namespace NativeBuffers.Tests.Races;

/// <summary>Dispose against pins that end on other threads than they began on, and more than once.</summary>
[Collection(ProcessWide.Name)]
[Slow]
[CorrectProgram]
public class PinRaceTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Pinned_elements_stay_until_the_pin_ends_on_any_thread(bool isPoisoning)
    {
        PoisoningAllocator? allocator = isPoisoning ? new() : null;
        var current = new MarkedOwner(10, allocator);
        var handedOver = new MarkedPin?[4];
        var ended = new MarkedPin?[4];
        var race = new Race();
        race.Run(Pin, Pin, Dispose, Dispose);
        current.Owner.Dispose();
        Array.ForEach(handedOver, static pin => pin?.End());
        allocator?.AssertAllCameBack();

        void Pin(Random random)
        {
            if (Volatile.Read(ref current).TryPin(random) is { } pin)
            {
                pin.Use(random);
                if (Interlocked.Exchange(ref handedOver[random.Next(4)], pin) is { } other)
                {
                    other.Use(random);

                    // Another thread may end it at the same time, and again later.
                    Volatile.Write(ref ended[random.Next(4)], other);
                    other.End();
                }
            }

            Volatile.Read(ref ended[random.Next(4)])?.End();
        }

        void Dispose(Random random)
        {
            var next = new MarkedOwner(MarkedOwner.RandomLength(random), allocator);
            MarkedOwner last = Interlocked.Exchange(ref current, next);
            Pin(random);
            _ = last.TryBorrow(random);
            last.Owner.Dispose();
            Assert.Null(last.TryPin(random));
            Volatile.Read(ref ended[random.Next(4)])?.End();
        }
    }

    [Fact]
    public void To_unpin_a_disposed_owner_ends_no_pin_of_the_next_owner_of_its_slot()
    {
        var stale = NativeMemoryOwner<long>.Create(8);
        stale.Pin().Dispose();
        stale.Dispose();
        using var next = new PinnedAndDisposed();
        stale.Unpin();
        next.AssertNotReused();
    }

    /// <summary>An owner that was disposed while pinned: its block has no other owner before the pin ends.</summary>
    private sealed class PinnedAndDisposed : IDisposable
    {
        private readonly NativeMemoryOwner<long> _owner = NativeMemoryOwner<long>.Create(8);
        private readonly System.Buffers.MemoryHandle _handle;

        public PinnedAndDisposed() => _handle = _owner.Pin();

        public unsafe void AssertNotReused()
        {
            _owner.Dispose();
            using var other = NativeMemoryOwner<long>.Create(8);
            using System.Buffers.MemoryHandle handle = other.Pin();
            Assert.NotEqual((nint)_handle.Pointer, (nint)handle.Pointer);
        }

        public void Dispose() => _handle.Dispose();
    }
}
