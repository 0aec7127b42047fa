using System.Buffers;

namespace NativeBuffers.Tests.Buffers;

/// <summary>Memories that were taken before an owner became shorter: code that pins one uses as many elements as it had.</summary>
[CorrectProgram]
public class ShrunkOwnerTests
{
    [Fact]
    public void A_memory_from_before_is_not_pinned()
    {
        using var owner = NativeMemoryOwner<byte>.Create(10_000);
        Memory<byte> before = owner.Memory;
        Memory<byte> part = owner.Slice(5000, 100);
        owner.Resize(100);
        Assert.Throws<InvalidOperationException>(() => before.Pin().Dispose());
        Assert.Throws<InvalidOperationException>(() => before[..50].Pin().Dispose());
        Assert.ThrowsAny<Exception>(() => part.Pin().Dispose());
        Assert.Throws<ArgumentOutOfRangeException>(() => before.Span.Length);

        // Nothing is pinned by that, so the owner may be resized.
        owner.Resize(50);
        Memory<byte> after = owner.Memory;
        using (MemoryHandle pin = after.Pin())
        {
            Assert.Throws<InvalidOperationException>(() => owner.Resize(40));
        }

        owner.Resize(40);
        Assert.Throws<ArgumentOutOfRangeException>(() => after.Pin().Dispose());
        using (owner.Slice(30, 10).Pin())
        {
        }

        owner.Resize(20_000);
        Assert.Equal(20_000, owner.Memory.Length);
        using (owner.Memory[19_000..].Pin())
        {
        }
    }

    [Fact]
    public void An_owner_that_gave_no_memory_is_pinned_also_when_it_is_shorter()
    {
        using var owner = NativeMemoryOwner<int>.Create(1000);
        owner.Resize(10);
        using (owner.Pin(9))
        {
            Assert.Throws<InvalidOperationException>(() => owner.Resize(5));
        }

        Assert.Throws<ArgumentOutOfRangeException>(() => owner.Pin(11).Dispose());
    }

    [Fact]
    public void A_read_into_a_memory_from_before_writes_nothing()
    {
        using var owner = NativeMemoryOwner<byte>.Create(1 << 20);
        Memory<byte> before = owner.Memory;
        owner.Resize(100);
        using var file = File.OpenHandle("/dev/zero");
        byte[] other = new byte[10];
        Assert.ThrowsAny<Exception>(() => RandomAccess.Read(file, [before, other], 0));
    }
}
