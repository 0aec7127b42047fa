using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Reflection;

namespace NativeBuffers.Tests.Races;

/// <summary>Values that mix words of two, for the remaining structs that fields can hold.</summary>
[Slow]
public sealed class TornStructTests
{
    [Fact]
    public void Every_public_struct_that_fields_can_hold_is_known_here()
    {
        Type[] structs =
        [
            .. typeof(PooledBuffer<>).Assembly.GetExportedTypes().Where(
                static type => type is { IsValueType: true, IsEnum: false, IsByRefLike: false }),
        ];
        Assert.Equal(
            [typeof(ArenaRef<>), typeof(ArenaSlice<>), typeof(FaultInjectionProgress), typeof(NativeListEnumerator<>), typeof(PooledBuffer<>)],
            structs.OrderBy(static type => type.Name, StringComparer.Ordinal));
    }

    [Fact]
    public void Enumerators_of_two_lists_give_elements_of_one_or_throw()
    {
        using var small = new NativeList<int>();
        small.AddRange([1, 2, 3]);
        using var large = new NativeList<int>();
        large.AddRange([.. Enumerable.Range(100, 1000)]);
        NativeListEnumerator<int> ofSmall = small.GetEnumerator();
        NativeListEnumerator<int> ofLarge = large.GetEnumerator();
        Assert.True(ofSmall.MoveNext());
        for (int i = 0; i < 500; i++)
        {
            Assert.True(ofLarge.MoveNext());
        }

        foreach (NativeListEnumerator<int> torn in TornValues.Of(ofSmall, ofLarge))
        {
            NativeListEnumerator<int> enumerator = torn;
            int count = 0;
            try
            {
                while (enumerator.MoveNext())
                {
                    Assert.True(count < large.Count, "It never ends.");
                    Assert.True(small.Contains(enumerator.Current) || large.Contains(enumerator.Current));
                    count++;
                }
            }
            catch (InvalidOperationException)
            {
                // The list has other elements than the enumerator began with.
            }

            enumerator.Reset();
            enumerator.Dispose();
        }
    }

    [Fact]
    public void The_default_enumerator_goes_through_nothing()
    {
        NativeListEnumerator<int> enumerator = default;
        Assert.False(enumerator.MoveNext());
        Assert.Equal(0, enumerator.Current);
    }

    [Fact]
    [SuppressMessage("Ownership", "NB0003", Justification = "A second end of a pin must end nothing.")]
    public void Handles_of_two_pins_end_each_pin_once_and_no_other()
    {
        using var small = NativeMemoryOwner<byte>.Create(60);
        using var large = NativeMemoryOwner<byte>.Create(1000);
        MemoryHandle ofSmall = small.Memory.Pin();
        MemoryHandle ofLarge = large.Memory.Pin();
        using MemoryHandle lasting = small.Memory.Pin();
        foreach (MemoryHandle torn in TornValues.Of(ofSmall, ofLarge))
        {
            MemoryHandle handle = torn;
            handle.Dispose();
            handle.Dispose();
        }

        ofSmall.Dispose();
        ofLarge.Dispose();
        large.Resize(2000);
        Assert.Throws<InvalidOperationException>(() => small.Resize(100));
        lasting.Dispose();
        small.Resize(100);
    }
}
