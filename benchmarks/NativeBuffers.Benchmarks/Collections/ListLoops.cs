using System.Buffers;
using System.Runtime.CompilerServices;

namespace NativeBuffers.Benchmarks.Collections;

/// <summary>A list of 1000 numbers on each side, filled before.</summary>
/// <remarks>The loops are named after the member that they call, and after the shape of the program. Each pair of loops returns the same.</remarks>
internal static class ListLoops
{
    public const int Count = 1000;
    public const int RangeLength = 16;
    public const int SpanLength = 8;

    private static readonly NativeList<int> s_native = new(2 * Count);
    private static readonly List<int> s_managed = new(2 * Count);
    private static readonly NativeList<byte> s_nativeWriter = new(2 * SpanLength * Count);
    private static readonly ArrayBufferWriter<byte> s_managedWriter = new(2 * SpanLength * Count);
    private static readonly Holder s_holder = new();

    static ListLoops()
    {
        for (int i = 0; i < Count; i++)
        {
            s_native.Add(i);
            s_managed.Add(i);
        }
    }

    public static int NativeForeach(int turns, int byteCount) => Repeat(static () => Sum(s_native), turns);

    public static int ManagedForeach(int turns, int byteCount) => Repeat(static () => Sum(s_managed), turns);

    public static int NativeForeachField(int turns, int byteCount) => Repeat(s_holder.SumNative, turns);

    public static int ManagedForeachField(int turns, int byteCount) => Repeat(s_holder.SumManaged, turns);

    public static int NativeGet(int turns, int byteCount) => Repeat(static () => Get(s_native), turns);

    public static int ManagedGet(int turns, int byteCount) => Repeat(static () => Get(s_managed), turns);

    public static int NativeGetField(int turns, int byteCount) => Repeat(s_holder.GetNative, turns);

    public static int ManagedGetField(int turns, int byteCount) => Repeat(s_holder.GetManaged, turns);

    public static int NativeSet(int turns, int byteCount) => Repeat(static () => Set(s_native), turns);

    public static int ManagedSet(int turns, int byteCount) => Repeat(static () => Set(s_managed), turns);

    public static int NativeAdd(int turns, int byteCount) => Repeat(static () => Add(s_native), turns);

    public static int ManagedAdd(int turns, int byteCount) => Repeat(static () => Add(s_managed), turns);

    public static int NativeAddLocal(int turns, int byteCount) => Repeat(AddNativeLocal, turns);

    public static int ManagedAddLocal(int turns, int byteCount) => Repeat(AddManagedLocal, turns);

    public static int NativePopAdd(int turns, int byteCount) => Repeat(static () => PopAdd(s_native), turns);

    public static int ManagedPopAdd(int turns, int byteCount) => Repeat(static () => PopAdd(s_managed), turns);

    public static int NativeAddRange(int turns, int byteCount) => Repeat(static () => AddRange(s_native), turns);

    public static int ManagedAddRange(int turns, int byteCount) => Repeat(static () => AddRange(s_managed), turns);

    public static int NativeWrite(int turns, int byteCount) => Repeat(static () => Write(s_nativeWriter), turns);

    public static int ManagedWrite(int turns, int byteCount) => Repeat(static () => Write(s_managedWriter), turns);

    public static int NativeEmpty(int turns, int byteCount) => Fill(turns, 0);

    public static int ManagedEmpty(int turns, int byteCount) => FillManaged(turns, 0);

    public static int NativeFill(int turns, int count) => Fill(turns, count);

    public static int ManagedFill(int turns, int count) => FillManaged(turns, count);

    private static int Repeat(Func<int> body, int turns)
    {
        int sum = 0;
        for (int turn = 0; turn < turns; turn++)
        {
            sum += body();
        }

        return sum;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int Sum(NativeList<int> list)
    {
        int sum = 0;
        foreach (int item in list)
        {
            sum += item;
        }

        return sum;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int Sum(List<int> list)
    {
        int sum = 0;
        foreach (int item in list)
        {
            sum += item;
        }

        return sum;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int Get(NativeList<int> list)
    {
        int sum = 0;
        for (int i = 0; i < list.Count; i++)
        {
            sum += list[i];
        }

        return sum;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int Get(List<int> list)
    {
        int sum = 0;
        for (int i = 0; i < list.Count; i++)
        {
            sum += list[i];
        }

        return sum;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int Set(NativeList<int> list)
    {
        for (int i = 0; i < list.Count; i++)
        {
            list[i] = i;
        }

        return list.Count;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int Set(List<int> list)
    {
        for (int i = 0; i < list.Count; i++)
        {
            list[i] = i;
        }

        return list.Count;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int Add(NativeList<int> list)
    {
        list.Clear();
        for (int i = 0; i < Count; i++)
        {
            list.Add(i);
        }

        return list.Count;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int Add(List<int> list)
    {
        list.Clear();
        for (int i = 0; i < Count; i++)
        {
            list.Add(i);
        }

        return list.Count;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int AddNativeLocal()
    {
        using var list = new NativeList<int>(Count);
        for (int i = 0; i < Count; i++)
        {
            list.Add(i);
        }

        return list.Count;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int AddManagedLocal()
    {
        var list = new List<int>(Count);
        for (int i = 0; i < Count; i++)
        {
            list.Add(i);
        }

        return list.Count;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int PopAdd(NativeList<int> list)
    {
        for (int i = 0; i < Count; i++)
        {
            list.RemoveAt(list.Count - 1);
            list.Add(i);
        }

        return list.Count;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int PopAdd(List<int> list)
    {
        for (int i = 0; i < Count; i++)
        {
            list.RemoveAt(list.Count - 1);
            list.Add(i);
        }

        return list.Count;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int AddRange(NativeList<int> list)
    {
        Span<int> range = stackalloc int[RangeLength];
        list.Clear();
        for (int i = 0; i < Count / RangeLength; i++)
        {
            list.AddRange(range);
        }

        return Restore(list);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int AddRange(List<int> list)
    {
        Span<int> range = stackalloc int[RangeLength];
        list.Clear();
        for (int i = 0; i < Count / RangeLength; i++)
        {
            list.AddRange(range);
        }

        return Restore(list);
    }

    private static int Restore(IList<int> list)
    {
        int count = list.Count;
        while (list.Count < Count)
        {
            list.Add(0);
        }

        return count;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int Write(NativeList<byte> list)
    {
        list.Clear();
        for (int i = 0; i < Count; i++)
        {
            list.GetSpan(SpanLength)[0] = 1;
            list.Advance(SpanLength);
        }

        return list.Count;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int Write(ArrayBufferWriter<byte> list)
    {
        list.ResetWrittenCount();
        for (int i = 0; i < Count; i++)
        {
            list.GetSpan(SpanLength)[0] = 1;
            list.Advance(SpanLength);
        }

        return list.WrittenCount;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int Fill(int turns, int count)
    {
        int sum = 0;
        for (int turn = 0; turn < turns; turn++)
        {
            using var list = new NativeList<int>();
            for (int i = 0; i < count; i++)
            {
                list.Add(i);
            }

            sum += list.Count;
        }

        return sum;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int FillManaged(int turns, int count)
    {
        int sum = 0;
        for (int turn = 0; turn < turns; turn++)
        {
            var list = new List<int>();
            for (int i = 0; i < count; i++)
            {
                list.Add(i);
            }

            sum += list.Count;
        }

        return sum;
    }

    /// <summary>The lists in fields.</summary>
    private sealed class Holder
    {
        private readonly NativeList<int> _native = s_native;
        private readonly List<int> _managed = s_managed;

        [MethodImpl(MethodImplOptions.NoInlining)]
        public int SumNative()
        {
            int sum = 0;
            foreach (int item in _native)
            {
                sum += item;
            }

            return sum;
        }

        [MethodImpl(MethodImplOptions.NoInlining)]
        public int SumManaged()
        {
            int sum = 0;
            foreach (int item in _managed)
            {
                sum += item;
            }

            return sum;
        }

        [MethodImpl(MethodImplOptions.NoInlining)]
        public int GetNative()
        {
            int sum = 0;
            for (int i = 0; i < _native.Count; i++)
            {
                sum += _native[i];
            }

            return sum;
        }

        [MethodImpl(MethodImplOptions.NoInlining)]
        public int GetManaged()
        {
            int sum = 0;
            for (int i = 0; i < _managed.Count; i++)
            {
                sum += _managed[i];
            }

            return sum;
        }
    }
}
