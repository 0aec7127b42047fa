using System.Runtime.CompilerServices;

namespace NativeBuffers.CodeGen.Loops;

/// <summary>Loops that use the elements of a list through its members.</summary>
public static class ListElements
{
    private static readonly NativeList<int> s_list = [.. Enumerable.Range(0, 100)];

    public static void Run()
    {
        _ = Get(s_list);
        _ = Each(s_list);
        Set(s_list);
        Add(s_list);
        _ = Replace(s_list);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static int Get(NativeList<int> list)
    {
        int sum = 0;
        for (int i = 0; i < list.Count; i++)
        {
            sum += list[i];
        }

        return sum;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static int Each(NativeList<int> list)
    {
        int sum = 0;
        foreach (int item in list)
        {
            sum += item;
        }

        return sum;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void Set(NativeList<int> list)
    {
        for (int i = 0; i < list.Count; i++)
        {
            list[i] = i;
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void Add(NativeList<int> list)
    {
        list.Clear();
        for (int i = 0; i < 100; i++)
        {
            list.Add(i);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static int Replace(NativeList<int> list)
    {
        for (int i = 0; i < 100; i++)
        {
            list.RemoveAt(list.Count - 1);
            list.Add(i);
        }

        // The same member as at the start of the loop: see NativeList<T>.ElementCount.
        return list.Count;
    }
}
