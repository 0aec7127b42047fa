using System.Collections.Concurrent;
using NativeBuffers.Primitives;

namespace NativeBuffers.Instrumentation;

/// <summary>A line of the program that allocates or frees a block, and the type of the elements.</summary>
/// <remarks>
/// <para>There is one object for each line and name of a type, with a number that fits into native memory. Both live as long as the
/// process. A type may end earlier, with its plug-in. So a site keeps the type's name, and refers weakly to a type that may be
/// unloaded. A plug-in that is loaded again finds the same sites.</para>
/// <para>A caller notes its site for the thread (<see cref="Note(AllocationSite)"/>), and a layer before an allocator reads it a few calls
/// further down. So the line reaches each layer, and only a few members have a parameter for it.</para>
/// </remarks>
internal sealed class AllocationSite
{
    /// <summary>The size of the table of recent sites, a power of two.</summary>
    private const int RecentLength = 1024;

    private static readonly ConcurrentDictionary<(string File, int Line, string? TypeName), AllocationSite> s_all = new();
    private static readonly UninterruptedLock s_lock = new();
    private static readonly UninterruptedLock s_adding = new();
    private static readonly AllocationSite?[] s_recent = new AllocationSite?[RecentLength];
    private static AllocationSite[] s_byId = [];

    /// <summary>The elements' type, or a weak reference to a type that may be unloaded. The short path compares it.</summary>
    private object? _type;

    private AllocationSite(string file, int line, string? typeName)
    {
        File = file;
        Line = line;
        TypeName = typeName;
        using (s_lock.Enter())
        {
            Id = s_byId.Length;
            Volatile.Write(ref s_byId, [.. s_byId, this]);
        }
    }

    /// <summary>The site when the thread has noted none. Its <see cref="Id"/> is 0.</summary>
    public static AllocationSite Unknown { get; } = new(string.Empty, 0, null);

    /// <summary>The site of a free by a finalizer, or by the end of the thread.</summary>
    public static AllocationSite Abandoned { get; } = new("(abandoned)", 0, null);

    /// <summary>The site of a free after a resize has moved the contents.</summary>
    public static AllocationSite Resized { get; } = new("(resized)", 0, null);

    /// <summary>An unknown line that allocates or frees a bare block.</summary>
    private static AllocationSite SomewhereBare { get; } = new(string.Empty, 0, null) { IsOfBareBlock = true };

    /// <summary>The site that this thread has noted; <see cref="Unknown"/> if none.</summary>
    public static AllocationSite Noted => OfThread.Noted ?? Unknown;

    /// <summary>The full path, as the compiler knew it; empty if unknown.</summary>
    public string File { get; }

    /// <summary>From 1; 0 if unknown.</summary>
    public int Line { get; }

    /// <summary>The name of the elements' type; null for bare blocks.</summary>
    public string? TypeName { get; }

    /// <summary>Whether the block holds elements of the type, side by side. Arenas do not: they place values in their blocks by address.</summary>
    public bool HasElements { get; private init; }

    /// <summary>Whether a caller of an allocator noted the site, and not an owner. A guard may throw to such a caller.</summary>
    public bool IsOfBareBlock { get; private init; }

    /// <summary>Counts from 0.</summary>
    public int Id { get; }

    /// <summary>The lines that free the blocks of this site.</summary>
    public DisposalSites Disposals { get; } = new();

    /// <summary>A copy of the rule of <see cref="Disposals"/>, which each disposal of an instrumented block reads.</summary>
    public AllocationSite? DisposedAsRule { get; set; }

    /// <summary>Whether blocks are freed here as a rule, and the stack was not walked for the block in question.</summary>
    public bool IsRule { get; private init; }

    /// <summary>The site with a number.</summary>
    public static AllocationSite FromId(int id)
    {
        AllocationSite[] all = Volatile.Read(ref s_byId);
        return (uint)id < (uint)all.Length ? all[id] : Unknown;
    }

    /// <summary>The site for a line and a type.</summary>
    public static AllocationSite At(string? file, int line, Type? type)
    {
        // The compiler's texts for file names are the same object each time, so the short path compares references. Threads share
        // the table without a lock, because a site does not change.
        int index = (line + ((file?.Length ?? 0) << 4)) & (RecentLength - 1);
        AllocationSite? known = s_recent[index];
        return known is not null && (object)known.File == file && known.Line == line && ReferenceEquals(known._type, type)
            ? known
            : Find(index, file, line, type);
    }

    /// <summary>Notes a site for this thread, until <see cref="Forget"/>.</summary>
    public static void Note(AllocationSite site) => OfThread.Noted = site;

    /// <inheritdoc cref="Note(AllocationSite)"/>
    public static void Note(string? file, int line, Type? type) => OfThread.Noted = At(file, line, type);

    /// <summary>The noted site, which is forgotten.</summary>
    public static AllocationSite Take()
    {
        ref AllocationSite? noted = ref OfThread.Noted;
        AllocationSite taken = noted ?? Unknown;
        noted = null;
        return taken;
    }

    /// <summary>Forgets the noted site.</summary>
    public static void Forget() => OfThread.Noted = null;

    /// <summary>A site for this line, marked as a rule: for blocks whose disposal was not looked for on the stack.</summary>
    /// <param name="type">The elements' type.</param>
    public AllocationSite AsRule(Type type) => new(File, Line, type.ToString()) { IsRule = true, HasElements = HasElements };

    /// <summary><c>File.cs:12</c>, or <c>(unknown)</c>.</summary>
    public override string ToString() =>
        this == Unknown || this == SomewhereBare ? "(unknown)"
        : Line == 0 ? File
        : $"{Path.GetFileName(File)}:{Line}{(IsRule ? " (as a rule)" : "")}";

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static AllocationSite Find(int index, string? file, int line, Type? type)
    {
        if (string.IsNullOrEmpty(file) && type is null)
        {
            return SomewhereBare;
        }

        if (s_recent[index] is { } recent && (object)recent.File == file && recent.Line == line && recent.IsOfPlugIn(type))
        {
            return recent;
        }

        (string, int, string?) key = (file ?? string.Empty, line, type?.ToString());
        if (!s_all.TryGetValue(key, out AllocationSite? found))
        {
            // Under a lock of this class, because an interrupt could end the wait for the dictionary's lock.
            using (s_adding.Enter())
            {
                found = s_all.GetOrAdd(key, static (key, type) => Make(key, type), type);
            }
        }

        if (type is not null && found._type is WeakReference<Type> unloaded && !unloaded.TryGetTarget(out _))
        {
            Volatile.Write(ref found._type, ReferenceTo(type));
        }

        s_recent[index] = found;
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

    /// <summary>A type of its own, so that a process without instrumentation forgets a site and makes no table of sites.</summary>
    private static class OfThread
    {
        [ThreadStatic]
        private static AllocationSite? t_noted;

        public static ref AllocationSite? Noted => ref t_noted;
    }
}
