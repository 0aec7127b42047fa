using NativeBuffers.Primitives;

namespace NativeBuffers.Diagnostics.Guards;

/// <summary>The names of allocators that check, by the numbers that their blocks' headers have.</summary>
internal static class CheckedNames
{
    private static readonly UninterruptedLock s_gate = new();
    private static readonly List<string> s_names = [];
    private static readonly Dictionary<string, string?> s_known = new(StringComparer.Ordinal);

    /// <summary>Numbers the next one.</summary>
    public static int Add(string name)
    {
        using (s_gate.Enter())
        {
            // One text for all of one name: budgets may come and go.
            ref string? known = ref CollectionsMarshal.GetValueRefOrAddDefault(s_known, name, out _);
            s_names.Add(known ??= name);
            return s_names.Count - 1;
        }
    }

    /// <summary>The name of one.</summary>
    public static string Of(int id)
    {
        using (s_gate.Enter())
        {
            return s_names[id];
        }
    }
}
