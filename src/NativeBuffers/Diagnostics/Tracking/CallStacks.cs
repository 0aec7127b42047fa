using System.Diagnostics;
using System.Reflection;
using NativeBuffers.Primitives;

namespace NativeBuffers.Diagnostics.Tracking;

/// <summary>The different ways that led to allocations, each with a number.</summary>
/// <remarks>
/// A walk costs microseconds, and to find the lines costs much more. So the walk at an allocation asks for methods and offsets only;
/// lines are looked for once, when the same calls have not been seen before.
/// </remarks>
internal static class CallStacks
{
    private static readonly UninterruptedLock s_gate = new();
    private static readonly Dictionary<Key, int> s_ids = [];
    private static readonly List<CallStack> s_all = [CallStack.None];
    private static readonly string s_ownName = typeof(CallStacks).Assembly.GetName().Name!;

    /// <summary>The number of the caller's call stack; 0 if the stack is not known. Throws nothing.</summary>
    public static int Capture()
    {
        if (!RuntimeHelpers.TryEnsureSufficientExecutionStack())
        {
            // To read symbols needs more stack than an allocation, and a stack overflow ends the process.
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
            // Memory is exhausted, or a file cannot be read: the symbols, or the assembly that walks. The block is noted without its calls.
            return 0;
        }
    }

    /// <remarks>A method of its own: if the assembly that walks the stack cannot be loaded, the call throws, and not <see cref="Capture"/>.</remarks>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int Walk()
    {
        var key = new Key(new StackTrace(1, fNeedFileInfo: false));
        using (s_gate.Enter())
        {
            if (s_ids.TryGetValue(key, out int known))
            {
                return known;
            }
        }

        CallStack stack = Resolve(new StackTrace(1, fNeedFileInfo: true));
        using (s_gate.Enter())
        {
            if (s_ids.TryAdd(key, s_all.Count))
            {
                s_all.Add(stack);
            }

            return s_ids[key];
        }
    }

    /// <summary>The one with a number.</summary>
    public static CallStack FromId(int id)
    {
        using (s_gate.Enter())
        {
            return s_all[id];
        }
    }

    private static CallStack Resolve(StackTrace trace)
    {
        StackFrame[] frames = trace.GetFrames();
        int first = Array.FindIndex(frames, static frame => !IsOurs(frame));
        if (first < 0)
        {
            return CallStack.None;
        }

        StackFrame caller = frames[first];
        var site = new Site(caller.GetFileName() ?? string.Empty, caller.GetFileLineNumber(), NameOf(caller));
        return new CallStack([.. frames[first..].Select(NameOf)], site);
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

    /// <summary>What identifies the method of a frame: its object, its name if a plug-in may be unloaded, or else its native address.</summary>
    /// <remarks>A key with the object of a plug-in's method would keep the plug-in in memory.</remarks>
    [UnconditionalSuppressMessage("Trimming", "IL2026", Justification = "A method that was trimmed is identified by its address.")]
    private static object MethodOf(StackFrame frame)
    {
        MethodBase? method = frame.GetMethod();
        return method is { IsCollectible: true }
            ? $"{method.Module.ModuleVersionId} {(method.HasMetadataToken() ? method.MetadataToken : 0)} {method.DeclaringType} {method}"
            : (object?)method ?? frame.GetNativeIP();
    }

    /// <summary>Methods, and how far each had come.</summary>
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
