using FsCheck;
using FsCheck.Fluent;

namespace NativeBuffers.Tests.Lists;

/// <summary>The members of lists beyond those of the interfaces, against the members of <see cref="List{T}"/>.</summary>
[CorrectProgram]
public class NativeListMembersTests
{
    [Fact]
    public void Each_member_does_the_same_as_that_of_a_managed_list() =>
        Check.QuickThrowOnFailure(
            Prop.ForAll<int[]>(
                static items =>
                {
                    using NativeList<int> list = NativeList.Create<int>();
                    list.AddRange(items);
                    var managed = new List<int>(items);
                    Assert.Equal(managed.FindIndex(IsMatch), list.FindIndex(IsMatch));
                    Assert.Equal(managed.RemoveAll(IsMatch), list.RemoveAll(IsMatch));
                    Assert.Equal(managed, list.ToArray());
                    managed.Reverse();
                    list.Reverse();
                    Assert.Equal(managed, list);
                    while (managed.Count > 1)
                    {
                        int at = managed.Count / 2;
                        managed[at] = managed[^1];
                        managed.RemoveAt(managed.Count - 1);
                        list.RemoveAtSwapBack(at);
                        Assert.Equal(managed, list);
                    }

                    Assert.Equal(managed.Count == 1, list.TryPop(out int last));
                    Assert.Equal(managed.FirstOrDefault(), last);
                    Assert.False(list.TryPop(out last));
                    Assert.Equal(0, last);
                    Assert.Throws<InvalidOperationException>(() => list.Pop());
                }));

    [Fact]
    public void A_loop_over_references_borrows_the_list_until_it_ends()
    {
        using NativeList<int> list = [1, 2, 3];
        foreach (ref int item in list.References())
        {
            item *= 2;
            Assert.Throws<InvalidOperationException>(() => list.EnsureCapacity(100_000));
        }

        Assert.Equal([2, 4, 6], list.ToArray());
        Assert.Throws<FormatException>(
            () =>
            {
                foreach (ref int item in list.References())
                {
                    throw new FormatException();
                }
            });
        list.EnsureCapacity(100_000);
        list.Clear();
        foreach (ref int item in list.References())
        {
            Assert.Fail("There is no element.");
        }

        list.Dispose();
        Assert.Throws<ObjectDisposedException>(() => list.References().Dispose());
    }

    [Fact]
    public void A_range_is_a_span_of_the_elements_that_it_names()
    {
        using NativeList<int> list = [1, 2, 3, 4, 5];
        list[1..3].Fill(9);
        Assert.Equal([9, 4, 5], list[2..].ToArray());
        Assert.Equal((5, 0), (list[^1], list[5..].Length));
        Assert.Throws<ArgumentOutOfRangeException>(() => list[4..6].Length);
        Assert.Throws<ArgumentOutOfRangeException>(() => list[3..2].Length);
        using var scratch = new ScratchList<int>(stackalloc int[2]) { 1, 2, 3 };
        scratch[1..].Fill(7);
        Assert.Equal([1, 7, 7], scratch.AsSpan().ToArray());
        Assert.Equal(7, scratch[..^1][1]);
    }

    [Fact]
    public void A_copy_of_references_serves_no_second_loop()
    {
        using NativeList<int> list = [1, 2, 3];
        NativeListReferences<int> references = list.References();
        NativeListReferences<int> copy = references;
        Assert.Equal(2, Loops(in copy));
        Exception? thrown = null;
        try
        {
            foreach (ref int item in references)
            {
                item = 9;
            }
        }
        catch (InvalidOperationException exception)
        {
            thrown = exception;
        }

        Assert.NotNull(thrown);
        Assert.Equal([2, 3, 4], list);

        // Each loop over a parameter by in is over another copy.
        static int Loops(scoped in NativeListReferences<int> references)
        {
            int loop = 1;
            foreach (ref int item in references)
            {
                item++;
            }

            try
            {
                foreach (ref int item in references)
                {
                    item = 9;
                }
            }
            catch (InvalidOperationException)
            {
                loop++;
            }

            return loop;
        }
    }

    [Fact]
    public void References_serve_one_loop_because_its_end_ends_the_borrow()
    {
        using NativeList<int> list = [1, 2, 3];
        NativeListReferences<int> references = list.References();
        foreach (ref int item in references)
        {
            item++;
        }

        list.EnsureCapacity(10_000);
        Exception? thrown = null;
        try
        {
            foreach (ref int item in references)
            {
                item++;
            }
        }
        catch (InvalidOperationException exception)
        {
            thrown = exception;
        }

        Assert.NotNull(thrown);
        Assert.False(references.MoveNext());
        references.Dispose();
        foreach (ref int item in default(NativeListReferences<int>))
        {
            item++;
        }

        Assert.Equal([2, 3, 4], list);
    }

    [Fact]
    public void Members_work_on_another_thread_than_the_home()
    {
        using NativeList<int> list = [1, 2, 3, 4, 5];
        OtherThread.Run(
            () =>
            {
                Assert.Equal(5, list.Pop());
                list.RemoveAtSwapBack(0);
                Assert.Equal([4, 2, 3], list.ToArray());
                Assert.Equal(1, list.RemoveAll(static item => item == 2));
                list.Reverse();
                Assert.Equal(1, list.FindIndex(static item => item == 4));
            });
        Assert.Equal([3, 4], list.ToArray());
    }

    [Fact]
    public void Each_change_is_seen_by_an_enumeration_and_a_condition_that_throws_removes_the_elements_it_has_found()
    {
        using NativeList<int> list = [1, 2, 3, 4, 5];
        Action<NativeList<int>>[] changes =
        [
            static list => list.Pop(),
            static list => list.RemoveAtSwapBack(0),
            static list => list.Reverse(),
            static list => list.RemoveAll(static item => item == 3),
        ];
        Assert.All(changes, Sees);
        using NativeList<int> other = [1, 2, 3, 4, 5];
        Assert.Throws<FormatException>(() => other.RemoveAll(static item => item == 4 ? throw new FormatException() : item == 2));
        Assert.Equal([1, 3, 4, 5], other.ToArray());

        void Sees(Action<NativeList<int>> change)
        {
            using NativeListEnumerator<int> enumerator = list.GetEnumerator();
            Assert.True(enumerator.MoveNext());
            change(list);
            Assert.Throws<InvalidOperationException>(() => enumerator.MoveNext());
        }
    }

    [Fact]
    public void Members_refuse_an_index_outside_a_missing_condition_and_a_disposed_list()
    {
        NativeList<int> list = [1];
        Assert.Throws<ArgumentOutOfRangeException>(() => list.RemoveAtSwapBack(1));
        Assert.Throws<ArgumentOutOfRangeException>(() => list.RemoveAtSwapBack(-1));
        Assert.Throws<ArgumentNullException>(() => list.RemoveAll(null!));
        Assert.Throws<ArgumentNullException>(() => list.FindIndex(null!));
        list.Dispose();
        Assert.Throws<ObjectDisposedException>(() => list.Pop());
        Assert.Throws<ObjectDisposedException>(() => list.TryPop(out _));
        Assert.Throws<ObjectDisposedException>(() => list.RemoveAtSwapBack(0));
        Assert.Throws<ObjectDisposedException>(() => list.RemoveAll(IsMatch));
        Assert.Throws<ObjectDisposedException>(() => list.FindIndex(IsMatch));
        Assert.Throws<ObjectDisposedException>(() => list.Reverse());
        Assert.Throws<ObjectDisposedException>(() => list.ToArray());
    }

    [Fact]
    public void A_search_and_a_copy_refuse_as_the_members_of_a_managed_list_do()
    {
        using NativeList<Unordered> list = [default];
        List<Unordered> managed = [default];
        var throwing = Comparer<Unordered>.Create(static (_, _) => throw new FormatException());
        Assert.Throws<InvalidOperationException>(() => managed.BinarySearch(default));
        Assert.IsType<ArgumentException>(Assert.Throws<InvalidOperationException>(() => list.BinarySearch(default)).InnerException);
        Assert.Throws<InvalidOperationException>(() => managed.BinarySearch(default, throwing));
        Assert.IsType<FormatException>(Assert.Throws<InvalidOperationException>(() => list.BinarySearch(default, throwing)).InnerException);
        foreach (long index in (long[])[-1, 1, long.MaxValue])
        {
            Assert.Equal("index", Assert.Throws<ArgumentOutOfRangeException>(() => list.RemoveAt(index)).ParamName);
        }

        var array = new Unordered[3];
        Assert.Throws<ArgumentOutOfRangeException>(() => managed.CopyTo(array, -1));
        Assert.Equal("arrayIndex", Assert.Throws<ArgumentOutOfRangeException>(() => list.CopyTo(array, -1)).ParamName);
        Assert.Equal("arrayIndex", Assert.Throws<ArgumentOutOfRangeException>(() => list.CopyTo(array, 4)).ParamName);
        Assert.Throws<ArgumentException>(() => managed.CopyTo(array, 3));
        Assert.Throws<ArgumentException>(() => list.CopyTo(array, 3));
    }

    private static bool IsMatch(int item) => item % 3 == 0;

    /// <summary>A type without an order.</summary>
    private struct Unordered;
}
