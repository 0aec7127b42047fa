using System.Diagnostics;
using System.Reflection;
using NativeBuffers.Primitives;

namespace NativeBuffers.Instrumentation;

/// <summary>The lines that free the blocks of one allocation site. They are found on the stack, for the first of these blocks.</summary>
/// <remarks>
/// <para><c>using</c> passes no line to a disposal, and a stack walk costs a hundred times as much as a disposal. The first blocks of each
/// site are enough for tests and for rare mistakes. If all their disposals are at one line, later blocks get that line, marked <i>as a
/// rule</i>.</para>
/// <para>A stack walk costs microseconds, and to read a line from the symbols costs much more. So the line of each place is read once.
/// Numbers identify a place, because objects of reflection would keep a plug-in in memory.</para>
/// </remarks>
internal sealed class DisposalSites
{
    /// <summary>The number of disposals of each site that are looked for on the stack.</summary>
    private const int LooksPerSite = 16;

    /// <summary>A deeper stack is not walked for each block, because the walk would cost far more than a page guard.</summary>
    private const int MostDepth = 256;

    private static readonly UninterruptedLock s_lock = new();
    private static readonly Dictionary<(Guid Module, int Method, int Offset), (string File, int Line)> s_known = [];

    // Threads may overwrite each other's counts, which costs a few more stack walks.
    private int _looks;
    private int _looksAtSecond;
    private AllocationSite? _last;
    private bool _differ;
    private bool _isDeep;
    private bool _hasMistakes;
    private AllocationSite[] _seconds = [];

    /// <summary>The line that the first disposals had in common; null until all of them were looked for.</summary>
    public AllocationSite? Rule { get; private set; }

    /// <summary>The line that frees a block at this moment. Throws nothing.</summary>
    /// <param name="type">The elements' type.</param>
    /// <param name="isExact">True to walk the stack each time, unless the stack is deep.</param>
    public AllocationSite Find(Type type, bool isExact) =>
        (isExact && !_isDeep) || _looks < LooksPerSite ? Look(type) : Rule ??= AsRule(type);

    /// <summary>Whether the second disposal of a block, at this moment, is a mistake. Throws nothing.</summary>
    /// <remarks>
    /// A second disposal at the line of the first one is no mistake. The compiler copies a read-only field for each call. So a wrapper that
    /// disposes such a field, and is disposed again, disposes two copies at one line.
    /// </remarks>
    /// <param name="type">The elements' type.</param>
    /// <param name="first">The line of the first disposal.</param>
    /// <param name="second">The line of the second; null if it was found before, or the limit of stack walks is reached.</param>
    public bool IsMistake(Type type, AllocationSite first, out AllocationSite? second)
    {
        second = null;
        if (_looksAtSecond >= LooksPerSite)
        {
            return _hasMistakes;
        }

        _looksAtSecond++;
        AllocationSite found = CallerOfLibrary(type, out _);
        if (found.Line > 0 && found.Line == first.Line && found.File == first.File)
        {
            return false;
        }

        _hasMistakes = true;
        using (s_lock.Enter())
        {
            if (Array.IndexOf(_seconds, found) < 0)
            {
                _seconds = [.. _seconds, found];
                second = found;
            }
        }

        return true;
    }

    private AllocationSite Look(Type type)
    {
        AllocationSite found = CallerOfLibrary(type, out int depth);
        _isDeep |= depth > MostDepth;
        _differ |= _looks != 0 && _last != found;
        _last = found;
        _looks = int.Min(_looks + 1, LooksPerSite);
        return found;
    }

    private AllocationSite AsRule(Type type)
    {
        try
        {
            return _differ || _last is not { Line: > 0 } last ? AllocationSite.At(null, 0, type) : last.AsRule(type);
        }
        catch (OutOfMemoryException)
        {
            // A disposal goes on without its line.
            return AllocationSite.Unknown;
        }
    }

    /// <summary>The site of the call into the library; without a line if the line is not known. Throws nothing.</summary>
    /// <param name="type">The elements' type.</param>
    /// <param name="depth">The number of calls on the stack. The cost of a stack walk grows with it.</param>
    private static AllocationSite CallerOfLibrary(Type type, out int depth)
    {
        depth = 0;
        try
        {
            // To read symbols needs more stack than a disposal, and a stack overflow ends the process.
            (string File, int Line) site = RuntimeHelpers.TryEnsureSufficientExecutionStack() ? WalkStack(out depth) : default;
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

    /// <remarks>A separate method: if the assembly that walks the stack cannot be loaded, the call throws, and its caller catches that.</remarks>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static (string File, int Line) WalkStack(out int depth)
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
        using (s_lock.Enter())
        {
            if (s_known.TryGetValue(key, out (string File, int Line) known))
            {
                return known;
            }
        }

        StackFrame? resolved = CallerIn(new StackTrace(1, fNeedFileInfo: true));
        (string, int) site = resolved?.GetFileName() is { Length: > 0 } file ? (file, resolved.GetFileLineNumber()) : (NameOf(caller), 0);
        using (s_lock.Enter())
        {
            s_known[key] = site;
        }

        return site;
    }

    private static StackFrame? CallerIn(StackTrace trace) => Array.Find(trace.GetFrames(), static frame => !IsOfLibrary(frame));

    private static bool IsOfLibrary(StackFrame frame)
    {
        // Only the simple name: code that was compiled ahead of time knows no version.
        const string Library = nameof(NativeBuffers);
        string name = DiagnosticMethodInfo.Create(frame)?.DeclaringAssemblyName ?? string.Empty;
        return name.StartsWith(Library, StringComparison.Ordinal) && (name.Length == Library.Length || name[Library.Length] == ',');
    }

    private static string NameOf(StackFrame frame) =>
        DiagnosticMethodInfo.Create(frame) is { } method ? $"{method.DeclaringTypeName}.{method.Name}" : string.Empty;

    [UnconditionalSuppressMessage("Trimming", "IL2026", Justification = "A method that was trimmed has a name but no line.")]
    private static MethodBase? MethodOf(StackFrame frame) => frame.GetMethod();
}
