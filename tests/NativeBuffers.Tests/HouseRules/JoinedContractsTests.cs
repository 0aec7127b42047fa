using System.Reflection;
using NativeBuffers.Allocation;
using NativeBuffers.Regions;
using NativeBuffers.Tests.Contracts;

namespace NativeBuffers.Tests.HouseRules;

public class JoinedContractsTests
{
    [Fact]
    public void Every_allocator_joins_the_contract()
    {
        Needs.Caches();
        IEnumerable<Type> allocators = typeof(NativeAllocator).Assembly.GetTypes()
            .Where(static type => type.IsSubclassOf(typeof(NativeAllocator)) && !type.IsAbstract)
            .Where(static type => !type.IsSubclassOf(typeof(MappedBlock))); // Allocates nothing: each frees the one block it is of.
        IEnumerable<Type> joined = typeof(AllocatorContract).Assembly.GetTypes()
            .Where(static type => type.IsSubclassOf(typeof(AllocatorContract)))
            .Where(static type => type.Name is not ("MimallocTests" or "JemallocTests")) // May skip; they use FunctionsAllocator.
            .Select(static type => AllocatorOf(Activator.CreateInstance(type)!).GetType());
        Assert.Empty(allocators.Except(joined));
    }

    [Fact]
    public void Every_handle_joins_the_contract()
    {
        IEnumerable<Type> handles = typeof(SafeNativeBuffer).Assembly.GetTypes().Where(
            static type => type.IsSubclassOf(typeof(SafeNativeBuffer)) && !type.IsAbstract);
        IEnumerable<Type> joined = typeof(SafeBufferContract<>).Assembly.GetTypes()
            .Select(static type => type.BaseType)
            .Where(static type => type is { IsGenericType: true } && type.GetGenericTypeDefinition() == typeof(SafeBufferContract<>))
            .Select(static type => type!.GenericTypeArguments[0]);
        Assert.Equal(5, handles.Count());
        Assert.Empty(handles.Except(joined));
    }

    private static NativeAllocator AllocatorOf(object contract) =>
        typeof(AllocatorContract).GetFields(BindingFlags.Instance | BindingFlags.NonPublic)
            .Select(field => field.GetValue(contract))
            .OfType<NativeAllocator>()
            .Single();
}
