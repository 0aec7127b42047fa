using NativeBuffers.Diagnostics.Faults;

namespace NativeBuffers;

/// <summary>Runs a piece of a program once for each allocation it makes, and lets that one fail: to test how the program handles it.</summary>
/// <remarks>
/// <para>The body runs once to warm up, and once to count its allocations: blocks of owners, lists, arenas and pools with any
/// allocator, bare blocks, and all their resizes. Then it runs once for each allocation, and exactly that one fails. At
/// the end it runs once more without a failure. A run is correct if it meets three conditions. The <see cref="OutOfMemoryException"/>
/// comes out, or none was thrown because a <c>Try</c> method returned false. All blocks were freed. Before the failure, the run has
/// requested the same sizes as the first one.</para>
/// <para>So the body must do the same each time, make its owners itself, and dispose them. Its whole <em>flow</em> is observed, also
/// the tasks that it starts and awaits. Other flows of the process do not notice.</para>
/// <para>There are as many runs as allocations. Guards and tracking may be on. May be called from any thread.</para>
/// </remarks>
/// <example>
/// <code>
/// FaultInjection.ForEachFailure(() =>
/// {
///     using var list = new NativeList&lt;int&gt;();
///     list.AddRange([1, 2, 3]);
/// });
/// </code>
/// </example>
public static class FaultInjection
{
    /// <summary>Runs the body once for each allocation it makes, and lets that one fail.</summary>
    /// <param name="body">The code under test. Runs on this thread.</param>
    /// <exception cref="ArgumentNullException"><paramref name="body"/> is null.</exception>
    /// <exception cref="FaultInjectionException">There are faults, or the body allocates nothing. Lists all faults.</exception>
    /// <exception cref="InvalidOperationException">Called within the body of another fault injection.</exception>
    /// <remarks>An exception of the body in the run without a failure is thrown on.</remarks>
    public static void ForEachFailure(Action body) => ForEachFailure(body, new FaultInjectionOptions());

    /// <inheritdoc cref="ForEachFailure(Action)"/>
    /// <param name="body">The code under test. Runs on this thread.</param>
    /// <param name="options">The results that are correct.</param>
    public static void ForEachFailure(Action body, FaultInjectionOptions options)
    {
        ArgumentNullException.ThrowIfNull(body);
        ArgumentNullException.ThrowIfNull(options);
        Task done = RunAsync(
            () =>
            {
                body();
                return Task.CompletedTask;
            },
            options);

        // The task is done: the body awaited nothing.
        done.GetAwaiter().GetResult();
    }

    /// <summary><see cref="ForEachFailure(Action)"/> for a body that awaits.</summary>
    /// <param name="body">The code under test, on any threads.</param>
    /// <param name="options">The results that are correct; the defaults when null.</param>
    /// <inheritdoc cref="ForEachFailure(Action)" path="/exception|/remarks"/>
    public static Task ForEachFailureAsync(Func<Task> body, FaultInjectionOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(body);
        return RunAsync(body, options ?? new FaultInjectionOptions());
    }

    private static async Task RunAsync(Func<Task> body, FaultInjectionOptions options)
    {
        if (FaultHooks.IsRunning)
        {
            throw new InvalidOperationException(
                "This is the body of another fault injection. The inner one would take the failures of the outer one for faults. Call them one after the other.");
        }

        // The first run makes the objects that are made once and kept.
        await body().ConfigureAwait(false);

        var first = new FaultRun(0, first: null);
        if (await FaultHooks.RunAsync(first, body).ConfigureAwait(false) is { } thrown)
        {
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(thrown);
        }

        var findings = new FaultFindings(options);
        findings.AddLeaks(first);
        for (int number = 1; number <= first.Count; number++)
        {
            var run = new FaultRun(number, first);
            findings.Add(run, first, await FaultHooks.RunAsync(run, body).ConfigureAwait(false));
            options.Progress?.Report(new FaultInjectionProgress(number, first.Count, findings.Count));
        }

        var last = new FaultRun(0, first);
        findings.AddLast(last, first, await FaultHooks.RunAsync(last, body).ConfigureAwait(false));
        findings.ThrowIfAny();
    }
}
