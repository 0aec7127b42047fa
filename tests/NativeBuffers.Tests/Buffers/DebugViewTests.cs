using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using System.Text.RegularExpressions;
using NativeBuffers.Buffers;

namespace NativeBuffers.Tests.Buffers;

/// <summary>The line and the elements that a debugger shows of an owner.</summary>
[SuppressMessage("Ownership", "NB0002", Justification = "The view of an ended owner must be empty.")]
[SuppressMessage("Ownership", "NB0005", Justification = "A debugger gives the view a copy.")]
public partial class DebugViewTests
{
    public static TheoryData<Type> Owners =>
    [
        typeof(NativeBuffer<>), typeof(PooledBuffer<>), typeof(NativeMemoryOwner<>), typeof(Borrow<>), typeof(ReadOnlyBorrow<>),
        typeof(NativeArena), typeof(ArenaScope), typeof(ArenaBorrow), typeof(NativeArenaOwner),
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
        if (owner.GetCustomAttribute<DebuggerTypeProxyAttribute>() is not { } proxy)
        {
            Assert.False(owner.IsGenericType);
            return;
        }

        Type view = Type.GetType(proxy.ProxyTypeName, throwOnError: true)!.MakeGenericType(typeof(int));
        Assert.NotNull(view.GetConstructor([owner.MakeGenericType(typeof(int))]));
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

    [GeneratedRegex(@"\{(\w+)\}")]
    private static partial Regex Name();
}
