using System.Runtime;

namespace NativeBuffers.Tests.TestKit;

/// <summary>A time without garbage collections. After each one, the caches free their idle blocks and their remote frees.</summary>
/// <remarks>A test that looks at a slot in a queue needs it: a machine with little memory left collects at any time.</remarks>
internal readonly struct NoCollections : IDisposable
{
    private const long MostBytes = 128 * 1024 * 1024;

    private NoCollections(bool hasBegun)
    {
        // It begins with a collection, whose finalizers must be through.
        GC.WaitForPendingFinalizers();
        Assert.True(hasBegun, $"There is no room for {MostBytes:N0} bytes.");
    }

    /// <summary>Begins it, with no forgotten owner left. For tests that run alone.</summary>
    public static NoCollections Begin()
    {
        Collector.Settle();
        return BeginUnsettled();
    }

    /// <summary>Begins it with one collection. For tests that run alone, and to which forgotten owners do no harm.</summary>
    public static NoCollections BeginUnsettled() => new(GC.TryStartNoGCRegion(MostBytes));

    public void Dispose()
    {
        Assert.True(GCSettings.LatencyMode == GCLatencyMode.NoGCRegion, $"The test has allocated more than {MostBytes:N0} bytes.");
        GC.EndNoGCRegion();
    }
}
