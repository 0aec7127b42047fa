namespace NativeBuffers.Tests.Contracts;

/// <summary>Owners that C# makes from a collection expression, or fills by an initializer, and the loops over them.</summary>
[CorrectProgram]
public class CollectionExpressionTests
{
    private static readonly int[] s_more = [2, 3];

    [Fact]
    public void Each_owner_with_a_default_allocator_can_be_written_as_a_collection()
    {
        using NativeBuffer<int> buffer = [1, .. s_more];
        using NativeMemoryOwner<int> owner = [1, .. s_more];
        using NativeList<int> list = [1, .. s_more];
        using ScratchList<int> scratch = [1, .. s_more];
        Assert.Equal([1, 2, 3], buffer.ToArray());
        Assert.Equal([1, 2, 3], owner.ToArray());
        Assert.Equal([1, 2, 3], list);
        Assert.Equal([1, 2, 3], scratch.AsSpan().ToArray());
    }

    [Fact]
    public void An_empty_collection_is_an_empty_owner()
    {
        using NativeBuffer<int> buffer = [];
        using NativeMemoryOwner<int> owner = [];
        using NativeList<int> list = [];
        using ScratchList<int> scratch = [];
        Assert.Equal(0, buffer.Length);
        Assert.Equal(0, owner.Length);
        Assert.Empty(list);
        Assert.Equal(0, scratch.Count);
        Assert.False(owner.IsDisposed);
    }

    [Fact]
    public void A_loop_over_an_owner_gives_its_elements_and_borrows_it_until_it_ends()
    {
        using NativeMemoryOwner<int> owner = [1, 2, 3];
        int sum = 0;
        foreach (int item in owner)
        {
            sum += item;
            Assert.Throws<InvalidOperationException>(() => owner.Resize(100_000));
        }

        Assert.Equal(6, sum);
        owner.Resize(100_000);
        Assert.Throws<FormatException>(
            () =>
            {
                foreach (int item in owner)
                {
                    throw new FormatException();
                }
            });
        owner.Resize(1);
        owner.Dispose();
        Assert.Throws<ObjectDisposedException>(() => { owner.GetEnumerator().Dispose(); });
    }

    [Fact]
    public void A_scratch_list_is_filled_by_its_initializer_on_the_stack()
    {
        using var list = new ScratchList<int>(stackalloc int[4]) { 1, 2, 3 };
        Assert.True(list.IsOnStack);
        list.Add(4);
        int sum = 0;
        foreach (int item in list)
        {
            sum += item;
        }

        Assert.Equal(10, sum);
        Assert.Equal(10, SumOf<ScratchList<int>>(list));
    }

    [Fact]
    public void A_scratch_list_that_outgrows_the_stack_in_its_initializer_has_all_elements()
    {
        using var list = new ScratchList<int>(stackalloc int[2]) { 1, 2, 3 };
        Assert.False(list.IsOnStack);
        Assert.Equal([1, 2, 3], list.AsSpan().ToArray());
    }

    private static int SumOf<TItems>([BorrowsOwnership] scoped TItems items)
        where TItems : IEnumerable<int>, allows ref struct
    {
        int sum = 0;
        foreach (int item in items)
        {
            sum += item;
        }

        return sum;
    }
}
