using System.Collections.Concurrent;
using NativeBuffers.Blocks.Handles;
using NativeBuffers.Primitives;

namespace NativeBuffers.Instrumentation;

/// <summary>A line of the program at which a block is asked for or given back, and what its elements are.</summary>
/// <remarks>
/// <para>There is one object for each line and name of a type, with a number that fits into native memory. Both live as long as the
/// process. A type may end earlier, with its plug-in. So an site keeps the type's name, and refers weakly to a type that may be
/// unloaded. A plug-in that is loaded again finds the same sites.</para>
/// <para>Callers <see cref="Note(AllocationSite)"/> where they are; who watches over blocks reads that on the same thread, a few calls
/// further down. So the line reaches every allocator that wraps another, and none of them has a parameter for it.</para>
/// </remarks>
internal sealed class AllocationSite
{
    /// <summary>A power of two: how many of the last lines are found at once.</summary>
    private const int RecentLength = 1024;

    private static readonly ConcurrentDictionary<(string File, int Line, string? TypeName), AllocationSite> s_all = new();
    private static readonly UninterruptedLock s_gate = new();
    private static readonly UninterruptedLock s_adding = new();
    private static readonly Recent[] s_recent = new Recent[RecentLength];
    private static AllocationSite[] s_byId = [];

    [ThreadStatic]
    private static AllocationSite? t_noted;

    /// <summary>The elements' type, or a weak reference to a type that may be unloaded. The usual way compares it to find an site.</summary>
    private object? _type;

    private AllocationSite(string file, int line, string? typeName)
    {
        File = file;
        Line = line;
        TypeName = typeName;
        using (s_gate.Enter())
        {
            Id = s_byId.Length;
            Volatile.Write(ref s_byId, [.. s_byId, this]);
        }
    }

    /// <summary>Where nothing was noted. Its <see cref="Id"/> is 0.</summary>
    public static AllocationSite Unknown { get; } = new(string.Empty, 0, null);

    /// <summary>For what was given back by nobody: a finalizer freed it, or the end of its thread.</summary>
    public static AllocationSite Abandoned { get; } = new("(abandoned)", 0, null);

    /// <summary>For what is given back because its contents have moved to a block of another size.</summary>
    public static AllocationSite Resized { get; } = new("(resized)", 0, null);

    /// <summary>Somewhere where a bare block is asked for or given back.</summary>
    private static AllocationSite SomewhereBare { get; } = new(string.Empty, 0, null) { IsOfBareBlock = true };

    /// <summary>What this thread noted last; <see cref="Unknown"/> if nothing.</summary>
    public static AllocationSite Noted => t_noted ?? Unknown;

    /// <summary>The full path, as the compiler knew it; empty if unknown.</summary>
    public string File { get; }

    /// <summary>From 1; 0 if unknown.</summary>
    public int Line { get; }

    /// <summary>The name of the elements' type; null for bare blocks.</summary>
    public string? TypeName { get; }

    /// <summary>Whether the block holds elements of the type, side by side. Arenas do not: they place values in their blocks by address.</summary>
    public bool HasElements { get; private init; }

    /// <summary>Whether a caller of an allocator noted it, and not an owner: who may be told of mistakes by exceptions.</summary>
    public bool IsOfBareBlock { get; private init; }

    /// <summary>Counts from 0.</summary>
    public int Id { get; }

    /// <summary>The lines that give back the blocks of this line.</summary>
    public DisposalSites Disposals { get; } = new();

    /// <summary>A copy of the rule of <see cref="Disposals"/>, which each disposal of a watched block reads.</summary>
    public AllocationSite? DisposedAsRule { get; set; }

    /// <summary>Whether blocks are given back here as a rule, and the stack was not walked for the block in question.</summary>
    public bool IsRule { get; private init; }

    /// <summary>The one with a number.</summary>
    public static AllocationSite FromId(int id)
    {
        AllocationSite[] all = Volatile.Read(ref s_byId);
        return (uint)id < (uint)all.Length ? all[id] : Unknown;
    }

    /// <summary>The one for a line and a type.</summary>
    public static AllocationSite At(string? file, int line, Type? type)
    {
        // The compiler's texts for file names are the same object each time; so the usual way compares references. Threads
        // share the table: an site does not change, and whichever a thread finds there is a whole one.
        ref Recent place = ref s_recent[(line + ((file?.Length ?? 0) << 4)) & (RecentLength - 1)];
        AllocationSite? known = place.AllocationSite;
        return known is not null && (object)known.File == file && known.Line == line && ReferenceEquals(known._type, type)
            ? known
            : Find(ref place, file, line, type);
    }

    /// <summary>Says where the caller is, until <see cref="Forget"/>.</summary>
    public static void Note(AllocationSite site) => t_noted = site;

    /// <summary>Says where the caller is, until <see cref="Forget"/>.</summary>
    public static void Note(string? file, int line, Type? type) => t_noted = At(file, line, type);

    /// <summary>What was noted, which ends.</summary>
    public static AllocationSite Take()
    {
        ref AllocationSite? noted = ref t_noted;
        AllocationSite taken = noted ?? Unknown;
        noted = null;
        return taken;
    }

    /// <summary>Ends what was noted.</summary>
    public static void Forget() => t_noted = null;

    /// <summary>This line, for blocks whose disposal was not looked for on the stack.</summary>
    /// <param name="type">The elements' type.</param>
    public AllocationSite AsRule(Type type) => new(File, Line, type.ToString()) { IsRule = true, HasElements = HasElements };

    /// <summary><c>File.cs:12</c>, or that it is not known.</summary>
    public override string ToString() =>
        this == Unknown || this == SomewhereBare ? "(unknown)"
        : Line == 0 ? File
        : $"{Path.GetFileName(File)}:{Line}{(IsRule ? " (as a rule)" : "")}";

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static AllocationSite Find(ref Recent place, string? file, int line, Type? type)
    {
        if (string.IsNullOrEmpty(file) && type is null)
        {
            return SomewhereBare;
        }

        if (place.AllocationSite is { } recent && (object)recent.File == file && recent.Line == line && recent.IsOfPlugIn(type))
        {
            return recent;
        }

        (string, int, string?) key = (file ?? string.Empty, line, type?.ToString());
        if (!s_all.TryGetValue(key, out AllocationSite? found))
        {
            // One at a time: waiting for the dictionary's own lock could be interrupted.
            using (s_adding.Enter())
            {
                found = s_all.GetOrAdd(key, static (key, type) => Make(key, type), type);
            }
        }

        if (type is not null && found._type is WeakReference<Type> unloaded && !unloaded.TryGetTarget(out _))
        {
            Volatile.Write(ref found._type, ReferenceTo(type));
        }

        Volatile.Write(ref place.AllocationSite, found);
        return found;
    }

    private static AllocationSite Make((string File, int Line, string? TypeName) key, Type? type) => new(key.File, key.Line, key.TypeName)
    {
        _type = type is null ? null : ReferenceTo(type),
        IsOfBareBlock = type is null,
        HasElements = type is { IsValueType: true, IsByRefLike: false },
    };

    private static object ReferenceTo(Type type) => type.IsCollectible ? new WeakReference<Type>(type) : type;

    private bool IsOfPlugIn(Type? type) => _type is WeakReference<Type> mine && mine.TryGetTarget(out Type? target) && target == type;

    /// <summary>A place for one. An array of these, and not of references: storing to those asks for the array's type each time.</summary>
    private struct Recent
    {
        public AllocationSite? AllocationSite;
    }
}
