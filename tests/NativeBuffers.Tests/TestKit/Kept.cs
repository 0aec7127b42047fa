using NativeBuffers.Blocks.Cache.Stores;

namespace NativeBuffers.Tests.TestKit;

/// <summary>Comparisons of kept memory with that before, after another trim.</summary>
/// <remarks>Less is right: a thread of an earlier test may wait now, and not at the first trim, and then its hot blocks go.</remarks>
internal static class Kept
{
    public static void AssertAtMost(long before) => Assert.InRange(NativeMemoryCache.CachedBytes, 0, before);

    public static void AssertReservedAtMost(long before) => Assert.InRange(CacheLimits.ReservedBytes, 0, before);
}
