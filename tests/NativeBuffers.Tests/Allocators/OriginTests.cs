using System.Reflection;
using System.Reflection.Emit;

namespace NativeBuffers.Tests.Allocators;

public class OriginTests
{
    [Fact]
    public void A_type_that_is_loaded_again_finds_the_origins_that_its_name_had()
    {
        Type first = Load();
        Type second = Load();
        Origin origin = Origin.At(nameof(OriginTests), 1, first);
        Assert.Same(origin, Origin.At(nameof(OriginTests), 1, first));
        Assert.Same(origin, Origin.At(nameof(OriginTests), 1, second));
        Assert.Equal(("Loaded", true, false), (origin.TypeName, origin.HasElements, origin.IsOfBareBlock));
    }

    [Theory]
    [InlineData(1, typeof(int))]
    [InlineData(1, null)]
    [InlineData(2, typeof(long))]
    public void Another_line_or_type_is_another_origin(int line, Type? type)
    {
        Origin origin = Origin.At(nameof(OriginTests), 1, typeof(long));
        Assert.NotSame(origin, Origin.At(nameof(OriginTests), line, type));
        Assert.Same(origin, Origin.At(nameof(OriginTests), 1, typeof(long)));
    }

    private static Type Load() => AssemblyBuilder.DefineDynamicAssembly(new AssemblyName("Loaded"), AssemblyBuilderAccess.RunAndCollect)
        .DefineDynamicModule("Loaded").DefineType("Loaded", TypeAttributes.Sealed | TypeAttributes.SequentialLayout, typeof(ValueType)).CreateType();
}
