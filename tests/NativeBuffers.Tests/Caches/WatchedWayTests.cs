using System.Runtime.CompilerServices;
using NativeBuffers.Caches;
using NativeBuffers.Tests.Contracts;
using NativeBuffers.Tests.Diagnostics;

namespace NativeBuffers.Tests.Caches;

/// <summary>What only a process that tracks its blocks shows: the suite runs in one, too.</summary>
[Collection(ProcessWide.Name)]
public class WatchedWayTests
{
    [Fact]
    public void However_many_buffers_there_have_been_each_is_watched()
    {
        Assert.SkipUnless(NativeMemoryTracker.IsTracking, "This process does not track its blocks.");
        OtherThread.Run(static () =>
        {
            // One is hot behind whoever watches, and the countdown of samples is at its end.
            Create(3, static () => { });
            unsafe
            {
                // SAFETY: the magazine is this thread's.
                ThreadCache.Current()->Opened(SizeClasses.Of(64))->UntilSample = int.MinValue + 1;
            }

            Create(10, static () => Assert.Equal(10, Alive()));
            Create(10, static () => Assert.Equal(10, Alive()));
        });
    }

    private static long Alive([CallerFilePath] string file = "") =>
        NativeMemoryTracker.TakeSnapshot().Sites.Where(site => site.FilePath == file).Sum(static site => site.BlockCount);

    private static void Create(int depth, Action body)
    {
        if (depth == 0)
        {
            body();
            return;
        }

        using var buffer = NativeBuffer.CreateUninitialized<byte>(64);
        Create(depth - 1, body);
    }
}
