using System.Collections.Concurrent;
using NativeBuffers.Primitives;

namespace NativeBuffers.Diagnostics.Tracking;

/// <summary>Numbers for the names of allocators. A name keeps its number; an allocator may be collected.</summary>
internal static class AllocatorNames
{
    private static readonly ConcurrentDictionary<string, int> s_ids = new(StringComparer.Ordinal);
    private static readonly ConcurrentDictionary<int, string> s_names = new();
    private static readonly UninterruptedLock s_adding = new();
    private static int s_last;

    /// <summary>The number of the name that an allocator's family has, from 1.</summary>
    public static int IdOf(NativeAllocator allocator)
    {
        string name = allocator.Family;
        if (!s_ids.TryGetValue(name, out int id))
        {
            // One at a time: waiting for the dictionary's own lock could be interrupted.
            using (s_adding.Enter())
            {
                if (!s_ids.TryGetValue(name, out id))
                {
                    id = ++s_last;
                    s_names[id] = name;
                    s_ids[name] = id;
                }
            }
        }

        return id;
    }

    /// <summary>The name with a number.</summary>
    public static string NameOf(int id) => s_names.GetValueOrDefault(id, string.Empty);
}
