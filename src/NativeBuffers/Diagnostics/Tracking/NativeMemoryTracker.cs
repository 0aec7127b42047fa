using NativeBuffers.Blocks.Cache.Trimming;
using NativeBuffers.Blocks.Lifecycle;
using NativeBuffers.Diagnostics.Tracking;
using NativeBuffers.Instrumentation;

namespace NativeBuffers;

/// <summary>The live native memory of the process, by the lines that allocated it, and leaks.</summary>
/// <remarks>
/// <para>Blocks are tracked in a process that was started with <c>NATIVEBUFFERS_TRACK=sites</c> or <c>stacks</c>, or with the
/// setting <c>NativeBuffers.Track</c>: those of all owners, and bare blocks of <see cref="NativeAllocator.Default"/>. The blocks of an
/// allocator made by <see cref="NativeAllocatorTracking.extension(NativeAllocator).WithTracking"/> are tracked in any process.</para>
/// <para>Each owner that was not disposed is reported when it is found (<see cref="LeakFound"/>). When a tracked process ends, its live
/// blocks are listed on the error stream.</para>
/// <para>All members may be called from any thread.</para>
/// </remarks>
public static class NativeMemoryTracker
{
    /// <summary>
    /// Raised for each tracked owner that was never disposed, after a finalizer or the end of its thread has freed its memory. It is
    /// raised on the thread that found the owner, which is not the owner's. Without subscribers, a line goes to the error stream.
    /// </summary>
    /// <remarks>A subscriber must not throw, because its exception is lost, and must not wait for another thread.</remarks>
    public static event Action<NativeMemoryLeak>? LeakFound
    {
        add => ProcessTracker.LeakFound += value;
        remove => ProcessTracker.LeakFound -= value;
    }

    /// <summary>How the blocks of all owners are tracked in this process.</summary>
    public static TrackingMode Mode => InstrumentationSwitch.Tracking;

    /// <summary>Whether the blocks of all owners are tracked in this process.</summary>
    public static bool IsTracking => Mode != TrackingMode.Off;

    /// <summary>The sum of the sizes of all live tracked blocks, in bytes, as their users asked for them.</summary>
    public static long LiveBytes => ProcessTracker.Instance.Blocks.ByteCount;

    /// <summary>The number of live tracked blocks.</summary>
    public static long LiveBlocks => ProcessTracker.Instance.Blocks.Count;

    /// <summary>The most tracked bytes that were live at a time.</summary>
    /// <remarks>Exact if one thread allocates and frees. Each further thread may make it wrong by up to 64 KiB.</remarks>
    public static long PeakBytes => long.Max(Peak.ByteCount, LiveBytes);

    /// <summary>
    /// How many owners, lists, scoped and pooled buffers were never disposed, so that a finalizer or the end of their thread has freed
    /// their memory. An arena counts with each of its blocks. Each is a mistake in the program. Owners that a finalizer of the program
    /// would have disposed a moment later are counted too.
    /// </summary>
    public static long AbandonedCount => Cleaner.AbandonedCount + EndedThreads.AbandonedCount;

    /// <summary>The tracked blocks that are live now.</summary>
    public static NativeMemorySnapshot TakeSnapshot() => ProcessTracker.Instance.TakeSnapshot();

    /// <summary>Begins a scope for tests. Its end throws if a block that was allocated in it was not given back.</summary>
    /// <remarks>
    /// <para>A scope counts what its flow allocates: the calls between here and <see cref="IDisposable.Dispose"/>, the tasks that they
    /// start, and the code after an <c>await</c>. Tests that run at the same time do not count. A scope needs no tracking, and works in
    /// any process. Scopes may be nested: the inner one ends first.</para>
    /// <para>A scope counts owners of all kinds, with any allocator, and bare blocks of <see cref="NativeAllocator.Default"/>.
    /// They may be disposed on any thread. An owner that was not disposed is a leak, even if a finalizer has freed its memory.</para>
    /// <para>If the body throws, and its blocks were lost because of that, the exception of the scope hides the body's. To let the
    /// body's exception through, use <see cref="AssertNoLeaks(Action)"/>.</para>
    /// <para>A scope that an <c>async</c> method begins does not reach the caller of the method. If it is disposed after the method has
    /// returned, it throws an <see cref="InvalidOperationException"/>, because it has counted nothing: use <see cref="AssertNoLeaksAsync"/>.
    /// A scope that ends before an inner one does throws the same.</para>
    /// </remarks>
    /// <example>
    /// <code>
    /// using (NativeMemoryTracker.AssertNoLeaks())
    /// {
    ///     using var buffer = NativeBuffer.Create&lt;int&gt;(100);
    /// }
    /// </code>
    /// </example>
    /// <returns>The scope. Dispose it in the same method, where it throws a <see cref="NativeMemoryLeakException"/> that names the sites.</returns>
    public static IDisposable AssertNoLeaks() => LeakScope.Start();

    /// <summary>Runs a body, and throws if a block that was allocated in it was not given back. Exceptions of the body come through.</summary>
    /// <inheritdoc cref="AssertNoLeaks()" path="/remarks/para[position()&lt;3]"/>
    /// <param name="body">The code to run.</param>
    /// <exception cref="ArgumentNullException"><paramref name="body"/> is null.</exception>
    /// <exception cref="NativeMemoryLeakException">A block was not given back.</exception>
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

    /// <summary>Like <see cref="AssertNoLeaks(Action)"/>, for a body that awaits.</summary>
    /// <inheritdoc cref="AssertNoLeaks(Action)" path="/param|/exception"/>
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
