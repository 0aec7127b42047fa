using System.Reflection;
using System.Reflection.Emit;
using NativeBuffers.Instrumentation;

namespace NativeBuffers.Tests.Instrumentation;

public class AllocationSiteTests
{
    [Fact]
    public void A_type_that_is_loaded_again_finds_the_sites_that_its_name_had()
    {
        Type first = Load();
        Type second = Load();
        AllocationSite site = AllocationSite.At(nameof(AllocationSiteTests), 1, first);
        Assert.Same(site, AllocationSite.At(nameof(AllocationSiteTests), 1, first));
        Assert.Same(site, AllocationSite.At(nameof(AllocationSiteTests), 1, second));
        Assert.Equal(("Loaded", true, false), (site.TypeName, site.HasElements, site.IsOfBareBlock));
    }

    [Theory]
    [InlineData(1, typeof(int))]
    [InlineData(1, null)]
    [InlineData(2, typeof(long))]
    public void Another_line_or_type_is_another_site(int line, Type? type)
    {
        AllocationSite site = AllocationSite.At(nameof(AllocationSiteTests), 1, typeof(long));
        Assert.NotSame(site, AllocationSite.At(nameof(AllocationSiteTests), line, type));
        Assert.Same(site, AllocationSite.At(nameof(AllocationSiteTests), 1, typeof(long)));
    }

    private static Type Load() => AssemblyBuilder.DefineDynamicAssembly(new AssemblyName("Loaded"), AssemblyBuilderAccess.RunAndCollect)
        .DefineDynamicModule("Loaded").DefineType("Loaded", TypeAttributes.Sealed | TypeAttributes.SequentialLayout, typeof(ValueType)).CreateType();
}
