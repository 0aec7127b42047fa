using System.Diagnostics;
using System.Reflection;
using NativeBuffers.Primitives;

namespace NativeBuffers.Instrumentation;

/// <summary>Finds on the stack which line of the program called the library: for members to which the compiler passes no line.</summary>
/// <remarks>
/// A stack walk costs microseconds, and to read a line from the symbols costs much more. So the line of each place is read once. Numbers
/// identify a place, because objects of reflection would keep a plug-in in memory.
/// </remarks>
internal static class CallSites
{
    private static readonly UninterruptedLock s_gate = new();
    private static readonly Dictionary<(Guid Module, int Method, int Offset), (string File, int Line)> s_known = [];

    /// <summary>The site of the call into the library; without a line if the line is not known. Throws nothing.</summary>
    /// <param name="type">The elements' type.</param>
    /// <param name="depth">The number of calls on the stack. The cost of a stack walk grows with it.</param>
    public static AllocationSite OfCaller(Type type, out int depth)
    {
        depth = 0;
        try
        {
            // To read symbols needs more stack than a disposal, and a stack overflow ends the process.
            (string File, int Line) site = RuntimeHelpers.TryEnsureSufficientExecutionStack() ? Find(out depth) : default;
            return AllocationSite.At(site.File, site.Line, type);
        }
        catch (ThreadInterruptedException)
        {
            // Reflection waits for its own locks. The interrupt was meant for the program's next wait.
            Thread.CurrentThread.Interrupt();
        }
        catch (Exception)
        {
            // Memory is exhausted, or the symbols cannot be read: a disposal goes on without its line.
        }

        return AllocationSite.Unknown;
    }

    /// <remarks>A method of its own: if the assembly that walks the stack cannot be loaded, the call throws, and its caller catches that.</remarks>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static (string File, int Line) Find(out int depth)
    {
        var trace = new StackTrace(1, fNeedFileInfo: false);
        depth = trace.FrameCount;
        StackFrame? caller = CallerIn(trace);
        if (caller is null)
        {
            return default;
        }

        MethodBase? method = MethodOf(caller);
        if (method is null || !method.HasMetadataToken())
        {
            return (NameOf(caller), 0);
        }

        // The offset in the intermediate language, which does not change when the method is compiled again.
        var key = (method.Module.ModuleVersionId, method.MetadataToken, caller.GetILOffset());
        using (s_gate.Enter())
        {
            if (s_known.TryGetValue(key, out (string File, int Line) known))
            {
                return known;
            }
        }

        StackFrame? resolved = CallerIn(new StackTrace(1, fNeedFileInfo: true));
        (string, int) site = resolved?.GetFileName() is { Length: > 0 } file ? (file, resolved.GetFileLineNumber()) : (NameOf(caller), 0);
        using (s_gate.Enter())
        {
            s_known[key] = site;
        }

        return site;
    }

    private static StackFrame? CallerIn(StackTrace trace) => Array.Find(trace.GetFrames(), static frame => !IsOurs(frame));

    private static bool IsOurs(StackFrame frame)
    {
        // Only the simple name: code that was compiled ahead of time knows no more.
        const string Ours = nameof(NativeBuffers);
        string name = DiagnosticMethodInfo.Create(frame)?.DeclaringAssemblyName ?? string.Empty;
        return name.StartsWith(Ours, StringComparison.Ordinal) && (name.Length == Ours.Length || name[Ours.Length] == ',');
    }

    private static string NameOf(StackFrame frame) =>
        DiagnosticMethodInfo.Create(frame) is { } method ? $"{method.DeclaringTypeName}.{method.Name}" : string.Empty;

    [UnconditionalSuppressMessage("Trimming", "IL2026", Justification = "A method that was trimmed has a name but no line.")]
    private static MethodBase? MethodOf(StackFrame frame) => frame.GetMethod();
}
