using NativeBuffers.Blocks.Cache;
using NativeBuffers.Blocks.Lifecycle;
using NativeBuffers.Diagnostics.Tracking;
using NativeBuffers.Instrumentation;

namespace NativeBuffers;

/// <summary>What the process holds of native memory, and what became of it.</summary>
/// <remarks>
/// <para>Blocks are tracked in a process that was started with <c>NATIVEBUFFERS_TRACK=sites</c> or <c>stacks</c>, or with the
/// setting <c>NativeBuffers.Track</c>: those of all owners, and the bare ones of <see cref="NativeAllocator.Default"/>. In any
/// process, those of an allocator made by <see cref="NativeAllocatorTracking.extension(NativeAllocator).WithTracking"/> are.</para>
/// <para>Owners that are forgotten are reported as they are found (<see cref="LeakFound"/>), and what is alive when a tracked
/// process ends is listed on the error stream.</para>
/// <para>All members may be called from any thread.</para>
/// </remarks>
public static class NativeMemoryTracker
{
    /// <summary>
    /// Told of each tracked owner that was never disposed, when a finalizer has freed its memory, or the end of its thread: on the
    /// thread that found it, which is not the owner's. As long as nobody listens, a line goes to the error stream.
    /// </summary>
    /// <remarks>Must not throw, and not wait for others: what it throws is lost.</remarks>
    public static event Action<NativeMemoryLeak>? LeakFound
    {
        add => LeakReports.Found += value;
        remove => LeakReports.Found -= value;
    }

    /// <summary>What is noted of all owners' blocks in this process.</summary>
    public static TrackingMode Mode => InstrumentationSettings.Tracking;

    /// <summary>Whether all owners' blocks are tracked in this process.</summary>
    public static bool IsTracking => Mode != TrackingMode.Off;

    /// <summary>What is alive of all that is tracked, in bytes, as its users asked for them.</summary>
    public static long LiveBytes => ProcessLedger.Instance.Registry.ByteCount;

    /// <summary>How many blocks are alive of all that are tracked.</summary>
    public static long LiveBlocks => ProcessLedger.Instance.Registry.Count;

    /// <summary>The most bytes that have been alive at a time, of all that is tracked.</summary>
    /// <remarks>Exact if one thread allocates and frees. Each other thread that does may make it wrong by up to 64 KiB.</remarks>
    public static long PeakBytes => long.Max(Peak.ByteCount, LiveBytes);

    /// <summary>
    /// How many owners, lists, scoped and pooled buffers were never disposed, and had their memory freed by a finalizer, or when
    /// their thread had ended; arenas count with each of their blocks. Each is a mistake in the program; also those that a
    /// finalizer of the program's own would have disposed, had it been first.
    /// </summary>
    public static long AbandonedCount => Cleaner.AbandonedCount + ThreadCaches.AbandonedCount;

    /// <summary>What is alive now, of all that is tracked.</summary>
    public static NativeMemorySnapshot TakeSnapshot() => new(UsageTable.Of(ProcessLedger.Instance.Registry.Copy()), Peak.ByteCount);

    /// <summary>Begins a scope that throws when it ends, if anything that was allocated in it was not given back: for tests.</summary>
    /// <remarks>
    /// <para>It counts what its flow allocates: the calls between here and <see cref="IDisposable.Dispose"/>, the tasks that they
    /// start, and what comes behind an <c>await</c>. What other tests do at the same time does not count. It needs no tracking: any
    /// process will do. Scopes may be nested: the inner one ends first.</para>
    /// <para>Watched are owners of all kinds, whatever their allocator, and bare blocks of <see cref="NativeAllocator.Default"/>.
    /// They may be disposed on any thread. An owner that was forgotten is a leak, also if a finalizer has freed it meanwhile.</para>
    /// <para>If the body throws, and something was lost because of that, the exception here hides the body's. Where
    /// that matters, use <see cref="AssertNoLeaks(Action)"/>, which lets the body's through.</para>
    /// <para>What an <c>async</c> method begins does not reach its caller. A scope that was begun in one that has returned throws an
    /// <see cref="InvalidOperationException"/> when it is disposed, as it has seen nothing: use <see cref="AssertNoLeaksAsync"/>.
    /// So does one within which another has not ended.</para>
    /// </remarks>
    /// <example>
    /// <code>
    /// using (NativeMemoryTracker.AssertNoLeaks())
    /// {
    ///     using var buffer = NativeBuffer.Create&lt;int&gt;(100);
    /// }
    /// </code>
    /// </example>
    /// <returns>The scope: dispose it in the same method, where it throws a <see cref="NativeMemoryLeakException"/> that names the sites.</returns>
    public static IDisposable AssertNoLeaks() => LeakScope.Start();

    /// <summary>Runs a body, and throws if anything that was allocated in it was not given back. What the body throws comes through.</summary>
    /// <inheritdoc cref="AssertNoLeaks()" path="/remarks/para[position()&lt;3]"/>
    /// <param name="body">What to run.</param>
    /// <exception cref="ArgumentNullException"><paramref name="body"/> is null.</exception>
    /// <exception cref="NativeMemoryLeakException">Something was not given back.</exception>
    public static void AssertNoLeaks(Action body)
    {
        ArgumentNullException.ThrowIfNull(body);
        LeakScope scope = LeakScope.Start();
        try
        {
            body();
        }
        catch
        {
            scope.GiveUp();
            throw;
        }

        scope.Finish();
    }

    /// <summary>As <see cref="AssertNoLeaks(Action)"/>, for a body that awaits.</summary>
    /// <param name="body">What to run.</param>
    /// <exception cref="ArgumentNullException"><paramref name="body"/> is null.</exception>
    /// <exception cref="NativeMemoryLeakException">Something was not given back.</exception>
    public static async Task AssertNoLeaksAsync(Func<Task> body)
    {
        ArgumentNullException.ThrowIfNull(body);
        LeakScope scope = LeakScope.Start();
        try
        {
            await body().ConfigureAwait(false);
        }
        catch
        {
            scope.GiveUp();
            throw;
        }

        scope.Finish();
    }
}
