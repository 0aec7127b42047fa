using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Reflection;

namespace NativeBuffers;

/// <summary>The line of the program that called the library, found on the stack: for members that the compiler tells no line.</summary>
/// <remarks>
/// A look costs microseconds, and to read the line from the symbols costs much more. So each place is resolved once. A place
/// is known by numbers, and not by objects of reflection, which would keep a plug-in in memory.
/// </remarks>
internal static class CallSites
{
    private static readonly UninterruptedLock s_gate = new();
    private static readonly Dictionary<(Guid Module, int Method, int Offset), (string File, int Line)> s_known = [];

    /// <summary>The origin of the call that led into the library; without a line where none can be told. Throws nothing.</summary>
    /// <param name="type">The elements' type.</param>
    public static Origin OfCaller(Type type)
    {
        (string File, int Line) site = default;
        try
        {
            site = Find();
        }
        catch (ThreadInterruptedException)
        {
            // Reflection has locks of its own. The interrupt is for the program's next wait.
            Thread.CurrentThread.Interrupt();
        }
        catch (Exception)
        {
            // Memory is exhausted, or the symbols cannot be read: a disposal goes on without its line.
        }

        return Origin.At(site.File, site.Line, type);
    }

    private static (string File, int Line) Find()
    {
        StackFrame? caller = CallerIn(new StackTrace(1, fNeedFileInfo: false));
        if (caller is null)
        {
            return default;
        }

        MethodBase? method = MethodOf(caller);
        if (method is null || !method.HasMetadataToken())
        {
            return (NameOf(caller), 0);
        }

        // The offset in the method's own code, which is the same however often it was compiled.
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
        // The simple name alone: code that was compiled ahead of time knows no more of it.
        const string Ours = nameof(NativeBuffers);
        string name = DiagnosticMethodInfo.Create(frame)?.DeclaringAssemblyName ?? string.Empty;
        return name.StartsWith(Ours, StringComparison.Ordinal) && (name.Length == Ours.Length || name[Ours.Length] == ',');
    }

    private static string NameOf(StackFrame frame) =>
        DiagnosticMethodInfo.Create(frame) is { } method ? $"{method.DeclaringTypeName}.{method.Name}" : string.Empty;

    [UnconditionalSuppressMessage("Trimming", "IL2026", Justification = "A method that was trimmed has a name, and no line.")]
    private static MethodBase? MethodOf(StackFrame frame) => frame.GetMethod();
}
