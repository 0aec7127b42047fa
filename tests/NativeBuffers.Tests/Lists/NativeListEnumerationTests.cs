namespace NativeBuffers.Tests.Lists;

/// <summary>Lists that are changed while they are enumerated.</summary>
public class NativeListEnumerationTests
{
    [Fact]
    public void Every_change_is_seen_by_an_enumeration()
    {
        Action<NativeList<int>>[] changes =
        [
            static list => list.Add(1),
            static list => list[0] = 7,
            static list => list.Insert(0, 1),
            static list => list.RemoveAt(0),
            static list => list.Clear(),
            static list => list.Resize(100_000),
            static list => list.Sort(),
            static list => list.Sort(static (left, right) => right - left),
            static list => list.AddRange([1, 2]),
            static list => list.Advance(1),
            static list => list.Remove(2),
        ];
        Assert.All(
            changes,
            static change =>
            {
                using NativeList<int> list = [1, 2, 3];
                NativeListEnumerator<int> enumerator = list.GetEnumerator();
                Assert.True(enumerator.MoveNext());
                change(list);
                Assert.Throws<InvalidOperationException>(() => enumerator.MoveNext());
            });
    }

    [Fact]
    public void A_call_that_changes_nothing_lets_an_enumeration_go_on()
    {
        using NativeList<int> list = [1, 2, 3];
        int sum = 0;
        foreach (int item in list)
        {
            sum += item;
            Assert.False(list.Remove(99));
            _ = list.EnsureCapacity(list.Capacity + 1);
            Assert.InRange(list.IndexOf(item), 0, 2);
            list.TrimExcess();
        }

        Assert.Equal(6, sum);
    }

    [Fact]
    public void An_enumeration_of_a_list_that_was_disposed_throws()
    {
        NativeList<int> list = [1, 2, 3];
        NativeListEnumerator<int> enumerator = list.GetEnumerator();
        Assert.True(enumerator.MoveNext());
        list.Dispose();
        Assert.Throws<ObjectDisposedException>(() => enumerator.MoveNext());
        Assert.Throws<ObjectDisposedException>(() => list.GetEnumerator().MoveNext());
    }

    [Fact]
    public void A_source_that_changes_the_list_while_it_is_added_adds_to_it()
    {
        using NativeList<int> list = [1];
        list.AddRange(Source());
        Assert.Equal([1, -1, 10, -1, 11], list);

        IEnumerable<int> Source()
        {
            for (int i = 10; i < 12; i++)
            {
                list.Add(-1);
                yield return i;
            }
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void An_enumeration_sees_changes_that_keep_the_count(bool isHome)
    {
        Assert.All(
            (Action<NativeList<int>>[])
            [
                static list => list[0] = 7,
                static list => { list.RemoveAt(list.Count - 1); list.Add(7); },
                static list => { list.Add(7); list.RemoveAt(list.Count - 1); },
                static list => { list.RemoveAt(0); list.Insert(0, 7); },
                static list => { _ = list.Pop(); list.Add(7); },
                static list => { list.RemoveAtSwapBack(0); list.Add(7); },
                static list => { list.RemoveRange(0, 2); list.AddRange([7, 7]); },
                static list => { _ = list.RemoveAll(static item => item > 1); list.AddRange([7, 7]); },
                static list => { list.Clear(); list.AddRange([7, 7, 7]); },
                static list => { list.Resize(1); list.Resize(3); },
                static list => { list.Resize(0); list.GetSpan(3).Clear(); list.Advance(3); },
                static list => list.Reverse(),
                static list => list.Sort(),
            ],
            change =>
            {
                using var list = new NativeList<int>(4) { 1, 2, 3 };
                NativeListEnumerator<int> enumerator = list.GetEnumerator();
                Assert.True(enumerator.MoveNext());
                if (isHome)
                {
                    change(list);
                }
                else
                {
                    OtherThread.Run(() => change(list));
                }

                Assert.Equal(3, list.Count);
                Assert.Throws<InvalidOperationException>(() => enumerator.MoveNext());
            });
    }

    [Fact]
    public void An_enumeration_sees_as_many_changes_as_32_bits_can_count()
    {
        using var list = new NativeList<int>(4) { 1, 2, 3 };
        NativeListEnumerator<int> enumerator = list.GetEnumerator();
        list[0] = 4;
        list.Core.At.Version += (1L << 32) - 1;
        Assert.Throws<InvalidOperationException>(() => enumerator.MoveNext());
    }
}
