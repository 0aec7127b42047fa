using NativeBuffers.Diagnostics.Guards;
using NativeBuffers.Instrumentation;
using NativeBuffers.Platform.Shared;
using NativeBuffers.Primitives;

namespace NativeBuffers;

/// <summary>What guards have found in this process: see <see cref="NativeAllocatorGuards.extension(NativeAllocator).WithGuards"/>.</summary>
/// <remarks>All members may be called from any thread.</remarks>
public static class NativeMemoryGuard
{
    private static readonly UninterruptedLock s_gate = new();
    private static Action[] s_checks = [];
    private static long s_violationCount;

    /// <summary>Told of each violation, on the thread that finds it, also of those that are thrown.</summary>
    /// <remarks>
    /// While nobody listens, those that are not thrown are written to the standard error stream. A listener should allocate no
    /// native memory; what it throws is written to the standard error stream, too.
    /// </remarks>
    public static event Action<NativeMemoryViolation>? ViolationFound;

    /// <summary>How many violations were found so far, reported or thrown.</summary>
    public static long ViolationCount => Volatile.Read(ref s_violationCount);

    /// <summary>Looks at all that guards can look at now, instead of when it is freed or used again; reports what it finds, and throws nothing.</summary>
    public static void Check()
    {
        CheckedRings.Check().ForEach(Report);
        CheckedQuarantine.Check().ForEach(Report);
        foreach (Action check in Volatile.Read(ref s_checks))
        {
            check();
        }
    }

    /// <summary>Adds to what <see cref="Check"/> does, for as long as the process lives.</summary>
    /// <param name="check">Reports what it finds, throws nothing, and may be called on several threads at once.</param>
    internal static void AddCheck(Action check)
    {
        using (s_gate.Enter())
        {
            Volatile.Write(ref s_checks, [.. s_checks, check]);
        }
    }

    /// <summary>Tells of a violation where nothing can be thrown.</summary>
    internal static void Report(NativeMemoryViolation violation)
    {
        if (!Tell(violation))
        {
            StandardError.WriteLine($"NativeBuffers: {violation.Message}");
        }
    }

    /// <summary>Tells of a violation, and makes what to throw.</summary>
    internal static NativeMemoryViolationException Found(NativeMemoryViolation violation)
    {
        _ = Tell(violation);
        return new NativeMemoryViolationException(violation);
    }

    /// <summary>Tells of a violation, and throws it if it may.</summary>
    /// <exception cref="NativeMemoryViolationException">It may.</exception>
    internal static void Tell(NativeMemoryViolation violation, bool mayThrow)
    {
        if (mayThrow)
        {
            throw Found(violation);
        }

        Report(violation);
    }

    private static bool Tell(NativeMemoryViolation violation)
    {
        Interlocked.Increment(ref s_violationCount);
        Tally.Count(Happening.Violation, () => violation.Message);
        if (violation.Kind == NativeMemoryViolationKind.DoubleFree)
        {
            Tally.Count(Happening.DoubleFree, () => violation.Message);
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
                StandardError.WriteLine($"NativeBuffers: {violation.Message} Who was told of it threw: {thrown.Message}");
            }
        }

        return true;
    }
}
