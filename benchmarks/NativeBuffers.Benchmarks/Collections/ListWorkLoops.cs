using System.Buffers;
using System.Runtime.CompilerServices;
using System.Text.Json;

namespace NativeBuffers.Benchmarks.Collections;

/// <summary>Members of a list that do more than a few instructions, on 1000 numbers; and JSON that is written to a list of bytes.</summary>
/// <remarks>Each pair of loops returns the same.</remarks>
internal static class ListWorkLoops
{
    private const int Count = 1000;

    private static readonly NativeList<int> s_native = new(2 * Count);
    private static readonly List<int> s_managed = new(2 * Count);
    private static readonly int[] s_shuffled = [.. Enumerable.Range(0, Count).Select(static i => i * 7919 % Count)];
    private static readonly NativeList<byte> s_nativeBytes = new(2 << 20);
    private static readonly ArrayBufferWriter<byte> s_managedBytes = new(2 << 20);
    private static readonly Utf8JsonWriter s_nativeJson = new(s_nativeBytes);
    private static readonly Utf8JsonWriter s_managedJson = new(s_managedBytes);

    static ListWorkLoops()
    {
        for (int i = 0; i < Count; i++)
        {
            s_native.Add(i);
            s_managed.Add(i);
        }
    }

    /// <summary>An element goes into the middle, and is removed from there.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static int NativeInsert(int turns, int byteCount)
    {
        NativeList<int> list = s_native;
        for (int turn = 0; turn < turns; turn++)
        {
            list.Insert(Count / 2, turn);
            list.RemoveAt(Count / 2);
        }

        return list.Count;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static int ManagedInsert(int turns, int byteCount)
    {
        List<int> list = s_managed;
        for (int turn = 0; turn < turns; turn++)
        {
            list.Insert(Count / 2, turn);
            list.RemoveAt(Count / 2);
        }

        return list.Count;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static int NativeIndexOf(int turns, int byteCount)
    {
        NativeList<int> list = s_native;
        int sum = 0;
        for (int turn = 0; turn < turns; turn++)
        {
            sum += list.IndexOf(s_shuffled[turn]);
        }

        return sum;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static int ManagedIndexOf(int turns, int byteCount)
    {
        List<int> list = s_managed;
        int sum = 0;
        for (int turn = 0; turn < turns; turn++)
        {
            sum += list.IndexOf(s_shuffled[turn]);
        }

        return sum;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static int NativeBinarySearch(int turns, int byteCount)
    {
        NativeList<int> list = s_native;
        int sum = 0;
        for (int turn = 0; turn < turns; turn++)
        {
            sum += (int)list.BinarySearch(s_shuffled[turn]);
        }

        return sum;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static int ManagedBinarySearch(int turns, int byteCount)
    {
        List<int> list = s_managed;
        int sum = 0;
        for (int turn = 0; turn < turns; turn++)
        {
            sum += list.BinarySearch(s_shuffled[turn]);
        }

        return sum;
    }

    /// <summary>All numbers are put into the list in disorder, and sorted.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static int NativeSort(int turns, int byteCount)
    {
        NativeList<int> list = s_native;
        for (int turn = 0; turn < turns; turn++)
        {
            list.Clear();
            list.AddRange(s_shuffled);
            list.Sort();
        }

        return list[Count / 3];
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static int ManagedSort(int turns, int byteCount)
    {
        List<int> list = s_managed;
        for (int turn = 0; turn < turns; turn++)
        {
            list.Clear();
            list.AddRange(s_shuffled);
            list.Sort();
        }

        return list[Count / 3];
    }

    /// <summary>A JSON text of some bytes.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static int NativeJson(int turns, int byteCount)
    {
        for (int turn = 0; turn < turns; turn++)
        {
            s_nativeBytes.Clear();
            s_nativeJson.Reset(s_nativeBytes);
            Write(s_nativeJson, byteCount);
        }

        return s_nativeBytes.Count;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static int ManagedJson(int turns, int byteCount)
    {
        for (int turn = 0; turn < turns; turn++)
        {
            s_managedBytes.ResetWrittenCount();
            s_managedJson.Reset(s_managedBytes);
            Write(s_managedJson, byteCount);
        }

        return s_managedBytes.WrittenCount;
    }

    /// <summary>An array of objects with three properties each.</summary>
    private static void Write(Utf8JsonWriter json, int byteCount)
    {
        json.WriteStartArray();
        for (int i = 0; json.BytesCommitted + json.BytesPending < byteCount; i++)
        {
            json.WriteStartObject();
            json.WriteNumber("id"u8, i);
            json.WriteString("name"u8, "a name of some length"u8);
            json.WriteBoolean("isOpen"u8, (i & 1) == 0);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.Flush();
    }
}
