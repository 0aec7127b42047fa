using NativeBuffers.Instrumentation;
using NativeBuffers.Platform.Shared;
using NativeBuffers.Primitives;

namespace NativeBuffers;

/// <summary>The findings of all guards in this process: see <see cref="NativeAllocatorGuards.extension(NativeAllocator).WithGuards"/>.</summary>
/// <remarks>All members may be called from any thread.</remarks>
public static class NativeMemoryGuard
{
    private static readonly UninterruptedLock s_lock = new();
    private static Action[] s_checks = [];
    private static long s_violationCount;
    private static int s_hasWarned;

    /// <summary>Raised for each violation, on the thread that finds it, also if the violation is thrown.</summary>
    /// <remarks>
    /// If there is no listener, a violation that is not thrown is written to the standard error stream. A listener should allocate no
    /// native memory. An exception of a listener is written to the standard error stream, too.
    /// </remarks>
    public static event Action<NativeMemoryViolation>? ViolationFound;

    /// <summary>The number of violations that were found, reported or thrown.</summary>
    public static long ViolationCount => Volatile.Read(ref s_violationCount);

    /// <summary>Verifies all memory that guards can verify, now and not only when a block is freed or used again.</summary>
    /// <remarks>Reports the violations, and throws nothing.</remarks>
    public static void Check()
    {
        foreach (Action check in Volatile.Read(ref s_checks))
        {
            check();
        }
    }

    /// <summary>Lets <see cref="Check"/> call an action, once and for as long as the process lives.</summary>
    /// <param name="check">Reports violations and throws nothing. Several threads may call it at once.</param>
    internal static void AddCheck(Action check)
    {
        using UninterruptedLock.Scope scope = s_lock.Enter();
        if (!s_checks.Contains(check))
        {
            Volatile.Write(ref s_checks, [.. s_checks, check]);
        }
    }

    /// <summary>Reports a violation where nothing can be thrown.</summary>
    internal static void Report(NativeMemoryViolation violation)
    {
        if (!Tell(violation))
        {
            StandardError.WriteLine($"NativeBuffers: {violation.Message}");
        }
    }

    /// <summary>Counts a violation, raises the event, and makes the exception to throw.</summary>
    internal static NativeMemoryViolationException Found(NativeMemoryViolation violation)
    {
        _ = Tell(violation);
        return new NativeMemoryViolationException(violation);
    }

    /// <summary>Throws a violation, or reports it if it must not be thrown.</summary>
    /// <exception cref="NativeMemoryViolationException"><paramref name="mayThrow"/> is true.</exception>
    internal static void Tell(NativeMemoryViolation violation, bool mayThrow)
    {
        if (mayThrow)
        {
            throw Found(violation);
        }

        Report(violation);
    }

    /// <summary>Writes why guards cannot do all their work to the error stream, the first time only. The program goes on.</summary>
    internal static void WarnOnce(string reason)
    {
        if (Interlocked.Exchange(ref s_hasWarned, 1) == 0)
        {
            StandardError.WriteLine($"NativeBuffers: {reason}");
        }
    }

    /// <summary>Counts a violation and raises the event; false if there is no listener.</summary>
    private static bool Tell(NativeMemoryViolation violation)
    {
        Interlocked.Increment(ref s_violationCount);
        DiagnosticEvent.Violation.Raise(() => violation.Message);
        if (violation.Kind == NativeMemoryViolationKind.DoubleFree)
        {
            DiagnosticEvent.DoubleFree.Raise(() => violation.Message);
        }

        if (ViolationFound is not { } found)
        {
            return false;
        }

        foreach (Action<NativeMemoryViolation> listener in Delegate.EnumerateInvocationList(found))
        {
            try
            {
                listener(violation);
            }
            catch (Exception thrown)
            {
                StandardError.WriteLine($"NativeBuffers: {violation.Message} A listener threw: {thrown.Message}");
            }
        }

        return true;
    }
}
