using NativeBuffers.Diagnostics.Faults;

namespace NativeBuffers;

/// <summary>Runs a piece of a program once for each allocation it makes, and lets that one fail: to see what becomes of the rest.</summary>
/// <remarks>
/// <para>The body runs once to warm up, and once to count what it allocates: blocks of owners, lists, arenas and pools, whichever
/// their allocator, bare blocks, and each resize of those. Then it runs once for each of them, and exactly that one fails. In
/// the end it runs once more without a failure. A run is right if the <see cref="OutOfMemoryException"/> comes out, or none was thrown
/// because a <c>Try</c> method said no; if it has given back all it has allocated; and if it has asked for the same sizes before.</para>
/// <para>So the body does the same each time, makes its owners itself, and disposes them. What it does is watched in its whole
/// <em>flow</em>: also in tasks that it starts and awaits. Other flows of the process do not notice.</para>
/// <para>It takes as many runs as there are allocations. Guards and tracking may be on. May be called from any thread.</para>
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
    /// <param name="body">What is tried. Runs on this thread.</param>
    /// <exception cref="ArgumentNullException"><paramref name="body"/> is null.</exception>
    /// <exception cref="FaultInjectionException">Something was not right, or the body allocates nothing. Lists everything.</exception>
    /// <exception cref="InvalidOperationException">Called within the body of another one.</exception>
    /// <remarks>What the body throws when nothing fails, this throws.</remarks>
    public static void ForEachFailure(Action body) => ForEachFailure(body, new FaultInjectionOptions());

    /// <inheritdoc cref="ForEachFailure(Action)"/>
    /// <param name="body">What is tried. Runs on this thread.</param>
    /// <param name="options">What is taken for right.</param>
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

        // It is: there was nothing to wait for.
        done.GetAwaiter().GetResult();
    }

    /// <summary>As <see cref="ForEachFailure(Action)"/>, for a body that awaits.</summary>
    /// <param name="body">What is tried, on whichever threads.</param>
    /// <param name="options">What is taken for right; the usual when null.</param>
    /// <exception cref="ArgumentNullException"><paramref name="body"/> is null.</exception>
    /// <exception cref="FaultInjectionException">Something was not right, or the body allocates nothing. Lists everything.</exception>
    /// <exception cref="InvalidOperationException">Called within the body of another one.</exception>
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
                "This is the body of another fault injection: what the outer one lets fail, the inner one would take for a fault. Call them one after the other.");
        }

        // What is made once and kept is made now.
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
