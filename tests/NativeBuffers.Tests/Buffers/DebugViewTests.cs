using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using System.Text.RegularExpressions;
using NativeBuffers.Arenas;
using NativeBuffers.Buffers;
using NativeBuffers.Lists;

namespace NativeBuffers.Tests.Buffers;

/// <summary>The line and the elements that a debugger shows of an owner.</summary>
[SuppressMessage("Ownership", "NB0002", Justification = "The view of an ended owner must be empty.")]
[SuppressMessage("Ownership", "NB0005", Justification = "A debugger gives the view a copy.")]
public partial class DebugViewTests
{
    public static TheoryData<Type> Owners =>
    [
        typeof(NativeBuffer<>), typeof(PooledBuffer<>), typeof(NativeMemoryOwner<>), typeof(Borrow<>), typeof(ReadOnlyBorrow<>),
        typeof(NativeList<>), typeof(ScratchList<>), typeof(NativeArena), typeof(ArenaScope), typeof(ArenaBorrow), typeof(NativeArenaOwner),
    ];

    [Theory]
    [MemberData(nameof(Owners))]
    public void Its_line_names_properties_that_exist(Type owner)
    {
        string line = owner.GetCustomAttribute<DebuggerDisplayAttribute>()!.Value;
        Assert.Matches(Name(), line);
        Assert.All(
            Name().Matches(line).Select(static match => match.Groups[1].Value),
            name => Assert.NotNull(owner.GetProperty(name, BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic)));
    }

    [Theory]
    [MemberData(nameof(Owners))]
    public void Its_view_has_a_constructor_for_it(Type owner)
    {
        DebuggerTypeProxyAttribute proxy = owner.GetCustomAttribute<DebuggerTypeProxyAttribute>()!;
        Type view = Type.GetType(proxy.ProxyTypeName, throwOnError: true)!;
        Assert.NotNull(
            owner.IsGenericType
                ? view.MakeGenericType(typeof(int)).GetConstructor([owner.MakeGenericType(typeof(int))])
                : view.GetConstructor([owner]));
    }

    [Fact]
    public void The_view_of_a_live_owner_has_the_elements()
    {
        using var buffer = NativeBuffer.CreateFrom<int>([1, 2, 3]);
        using NativeMemoryOwner<int> owner = NativeMemoryOwner.CreateFrom<int>([1, 2, 3]);
        using Borrow<int> borrow = owner.Borrow();
        using PooledBuffer<int> pooled = NativeMemoryPool<int>.Shared.RentBuffer(3);
        borrow.Span.CopyTo(pooled.AsSpan());
        using var readOnly = new ReadOnlyBorrow<int>(owner.Borrow());
        Assert.Equal([1, 2, 3], new ElementsDebugView<int>(buffer).Elements);
        Assert.Equal([1, 2, 3], new ElementsDebugView<int>(owner).Elements);
        Assert.Equal([1, 2, 3], new ElementsDebugView<int>(borrow).Elements);
        Assert.Equal([1, 2, 3], new ElementsDebugView<int>(readOnly).Elements);
        Assert.Equal([1, 2, 3], new ElementsDebugView<int>(pooled).Elements);
    }

    [Fact]
    public void The_view_of_an_ended_owner_is_empty()
    {
        var buffer = NativeBuffer.CreateFrom<int>([1, 2, 3]);
        NativeBuffer<int> copy = buffer;
        NativeMemoryOwner<int> owner = NativeMemoryOwner.CreateFrom<int>([1, 2, 3]);
        Borrow<int> borrow = owner.Borrow();
        Borrow<int> copyOfBorrow = borrow;
        PooledBuffer<int> pooled = NativeMemoryPool<int>.Shared.RentBuffer(3);
        buffer.Dispose();
        borrow.Dispose();
        owner.Dispose();
        pooled.Dispose();
        Assert.Empty(new ElementsDebugView<int>(copy).Elements);
        Assert.Empty(new ElementsDebugView<int>(owner).Elements);
        Assert.Empty(new ElementsDebugView<int>(copyOfBorrow).Elements);
        Assert.Empty(new ElementsDebugView<int>(pooled).Elements);
        Assert.Empty(new ElementsDebugView<int>(default(Borrow<int>)).Elements);
    }

    [Fact]
    public void The_view_of_a_list_has_its_elements_until_the_list_ends()
    {
        var list = new NativeList<int>();
        Assert.Empty(new ListDebugView<int>(list).Elements);
        Assert.Equal(0, list.Capacity);
        list.AddRange([1, 2, 3]);
        Assert.Equal([1, 2, 3], new ListDebugView<int>(list).Elements);
        OtherThread.Run(() => list.EnsureCapacity(1000));
        Assert.Equal([1, 2, 3], new ListDebugView<int>(list).Elements);
        list.Dispose();
        Assert.Empty(new ListDebugView<int>(list).Elements);
        var scratch = new ScratchList<int>(stackalloc int[2]) { 1, 2 };
        Assert.Equal([1, 2], new ListDebugView<int>(scratch).Elements);
        scratch.Add(3);
        Assert.Equal([1, 2, 3], new ListDebugView<int>(scratch).Elements);
        ScratchList<int> copy = scratch;
        scratch.Dispose();
        Assert.Empty(new ListDebugView<int>(scratch).Elements);
        Assert.Empty(new ListDebugView<int>(copy).Elements);
        Assert.Empty(new ListDebugView<int>(default(ScratchList<int>)).Elements);
    }

    [Fact]
    public void The_view_of_an_arena_has_its_blocks_scopes_and_bytes()
    {
        using var arena = NativeArena.Create(100, byteLimit: 1_000_000);
        Assert.Equal(0, new ArenaDebugView(arena).OpenScopes);
        using ArenaScope scope = arena.BeginScope();
        scope.Allocate<byte>(500_000);
        using ArenaScope inner = scope.BeginScope();
        foreach (ArenaDebugView view in (ArenaDebugView[])[new(arena), new(scope), new(inner)])
        {
            Assert.Equal(2, view.OpenScopes);
            Assert.InRange(view.Blocks.Length, 2, 3);
            Assert.All(view.Blocks, static block => Assert.NotEqual(0, block.Start));
            Assert.InRange(view.Blocks.Max(static block => block.ByteCount), 500_000, 2_000_000);
            Assert.Equal(arena.AllocatedBytes, view.AllocatedBytes);
            Assert.Equal(1_000_000, view.AllocatedBytes + view.RemainingBytes);
        }
    }

    [Fact]
    public void The_view_of_an_arena_owner_is_that_of_its_borrow()
    {
        NativeArenaOwner owner = NativeArenaOwner.Create();
        using (ArenaBorrow arena = owner.Borrow())
        {
            arena.New(1L);
            Assert.Equal(8, new ArenaDebugView(arena).AllocatedBytes);
            Assert.Equal(8, new ArenaDebugView(owner).AllocatedBytes);
            Assert.Single(new ArenaDebugView(owner).Blocks);
        }

        owner.Dispose();
        Assert.Empty(new ArenaDebugView(owner).Blocks);
        Assert.Empty(new ArenaDebugView(default(NativeArena)).Blocks);
    }

    [GeneratedRegex(@"\{(\w+)\}")]
    private static partial Regex Name();
}
