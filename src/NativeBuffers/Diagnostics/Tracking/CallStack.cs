using System.Diagnostics;
using System.Reflection;
using NativeBuffers.Primitives;

namespace NativeBuffers.Diagnostics.Tracking;

/// <summary>The calls that led to an allocation, from the allocation outwards. There is one object for each distinct stack.</summary>
/// <remarks>
/// A walk of the stack costs microseconds, and looking up the lines costs much more. So the walk at an allocation asks for methods and
/// offsets only. The lines are looked up once, when these calls are met for the first time.
/// </remarks>
internal sealed class CallStack
{
    private static readonly UninterruptedLock s_lock = new();
    private static readonly Dictionary<Key, int> s_ids = [];
    private static readonly List<CallStack> s_all = [new CallStack([], string.Empty, 0)];
    private static readonly string s_ownName = typeof(CallStack).Assembly.GetName().Name!;

    private CallStack(IReadOnlyList<string> methods, string filePath, int line)
    {
        Methods = methods;
        FilePath = filePath;
        Line = line;
    }

    /// <summary>The methods, without this library's own. Empty if the calls are not known.</summary>
    public IReadOnlyList<string> Methods { get; }

    /// <summary>The file of the first method; empty if unknown.</summary>
    public string FilePath { get; }

    /// <summary>The line of the first method, from 1; 0 if unknown.</summary>
    public int Line { get; }

    /// <summary>The number of the caller's call stack; 0 if the stack is not known. Throws nothing.</summary>
    public static int Capture()
    {
        if (!RuntimeHelpers.TryEnsureSufficientExecutionStack())
        {
            // Reading symbols needs more stack than an allocation does, and a stack overflow ends the process.
            return 0;
        }

        try
        {
            return Walk();
        }
        catch (ThreadInterruptedException)
        {
            // Reflection waits for its own locks. The interrupt was meant for the program's next wait.
            Thread.CurrentThread.Interrupt();
            return 0;
        }
        catch (Exception)
        {
            // Memory is exhausted, or the runtime cannot read the symbols or the assembly that walks the stack. The block is noted without its calls.
            return 0;
        }
    }

    /// <remarks>A method of its own: if the assembly that walks the stack cannot be loaded, its call throws, and <see cref="Capture"/> catches that.</remarks>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int Walk()
    {
        var key = new Key(new StackTrace(1, fNeedFileInfo: false));
        using (s_lock.Enter())
        {
            if (s_ids.TryGetValue(key, out int known))
            {
                return known;
            }
        }

        CallStack stack = Resolve(new StackTrace(1, fNeedFileInfo: true));
        using (s_lock.Enter())
        {
            if (s_ids.TryAdd(key, s_all.Count))
            {
                s_all.Add(stack);
            }

            return s_ids[key];
        }
    }

    /// <summary>The call stack with a number.</summary>
    public static CallStack FromId(int id)
    {
        using (s_lock.Enter())
        {
            return s_all[id];
        }
    }

    private static CallStack Resolve(StackTrace trace)
    {
        StackFrame[] frames = trace.GetFrames();
        int first = Array.FindIndex(frames, static frame => !IsOurs(frame));
        return first < 0
            ? FromId(0)
            : new CallStack([.. frames[first..].Select(NameOf)], frames[first].GetFileName() ?? string.Empty, frames[first].GetFileLineNumber());
    }

    private static string NameOf(StackFrame frame) =>
        DiagnosticMethodInfo.Create(frame) is not { } method ? AddressOf(frame)
        : method.DeclaringTypeName is { Length: > 0 } type ? $"{type}.{method.Name}" : method.Name;

    /// <summary>The address of a call in a program without names of methods. A debugger or <c>addr2line</c> finds the method by it.</summary>
    private static string AddressOf(StackFrame frame) =>
        frame.GetNativeIP() is var address && address != 0 ? $"(unknown, at 0x{address - frame.GetNativeImageBase():X} of the program)" : "(unknown)";

    /// <remarks>Compares the simple name only: NativeAOT keeps neither culture nor token.</remarks>
    private static bool IsOurs(StackFrame frame) =>
        DiagnosticMethodInfo.Create(frame)?.DeclaringAssemblyName is { } assembly
        && assembly.AsSpan()[..(assembly.IndexOf(',') is var end && end < 0 ? assembly.Length : end)].SequenceEqual(s_ownName);

    /// <summary>An object that identifies the method of a frame: its description; its name, if it may be unloaded; or its native address.</summary>
    /// <remarks>A key with the description of a plug-in's method would keep the plug-in in memory.</remarks>
    [UnconditionalSuppressMessage("Trimming", "IL2026", Justification = "A method that was trimmed is identified by its address.")]
    private static object MethodOf(StackFrame frame)
    {
        MethodBase? method = frame.GetMethod();
        return method is { IsCollectible: true }
            ? $"{method.Module.ModuleVersionId} {(method.HasMetadataToken() ? method.MetadataToken : 0)} {method.DeclaringType} {method}"
            : (object?)method ?? frame.GetNativeIP();
    }

    /// <summary>The methods of a stack, and the offset in each.</summary>
    private sealed class Key : IEquatable<Key>
    {
        private readonly (object Method, int Offset)[] _frames;
        private readonly int _hash;

        public Key(StackTrace trace)
        {
            _frames = [.. trace.GetFrames().Select(static frame => (MethodOf(frame), frame.GetNativeOffset()))];
            var hash = default(HashCode);
            foreach ((object method, int offset) in _frames)
            {
                hash.Add(method);
                hash.Add(offset);
            }

            _hash = hash.ToHashCode();
        }

        public bool Equals(Key? other) => other is not null && other._hash == _hash && other._frames.AsSpan().SequenceEqual(_frames);

        public override bool Equals(object? obj) => Equals(obj as Key);

        public override int GetHashCode() => _hash;
    }
}
