using NativeBuffers.Primitives;

namespace NativeBuffers.Diagnostics.Tracking;

/// <summary>Numbers for the names of allocators. A name keeps its number after its allocator was collected.</summary>
internal static class AllocatorNames
{
    private static readonly UninterruptedLock s_lock = new();
    private static readonly Dictionary<string, int> s_ids = new(StringComparer.Ordinal);
    private static readonly List<string> s_names = [string.Empty];

    /// <summary>The number of the name of an allocator's family, from 1.</summary>
    public static int IdOf(NativeAllocator allocator)
    {
        using (s_lock.Enter())
        {
            if (!s_ids.TryGetValue(allocator.Family, out int id))
            {
                id = s_names.Count;
                s_names.Add(allocator.Family);
                s_ids.Add(allocator.Family, id);
            }

            return id;
        }
    }

    /// <summary>The name with a number.</summary>
    public static string NameOf(int id)
    {
        using (s_lock.Enter())
        {
            return s_names[id];
        }
    }
}
