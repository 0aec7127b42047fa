using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace NativeBuffers.Benchmarks.Arenas;

/// <summary>Arenas that are filled again and again, their scopes, and references between their elements.</summary>
internal static class ArenaReuseLoops
{
    /// <summary>The most turns of a call.</summary>
    public const int MostTurns = 4096;

    private static readonly NativeArenaOwner s_owner = NativeArenaOwner.Create(MostTurns * 32);
    private static readonly BumpPointer s_bump = new(MostTurns * 32);
    private static readonly NativeArenaOwner s_nodes = NativeArenaOwner.Create();
    private static readonly List<(int Next, int Value)> s_list = [];
    private static readonly int[] s_indexes = new int[MostTurns];
    private static readonly ArenaRef<Node>[] s_references = MakeNodes();

    /// <summary>Elements of 16 bytes in a scope.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static int Scope(int turns, int byteCount)
    {
        int sum = 0;
        using ArenaBorrow arena = s_owner.Borrow();
        using ArenaScope scope = arena.BeginScope();
        for (int turn = 0; turn < turns; turn++)
        {
            ref Pair pair = ref scope.New(new Pair { First = turn });
            sum += (int)pair.First;
        }

        return sum;
    }

    /// <summary>Elements of 16 bytes in a borrow of an owner, which was reset.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static int Owner(int turns, int byteCount)
    {
        s_owner.Reset();
        int sum = 0;
        using ArenaBorrow arena = s_owner.Borrow();
        for (int turn = 0; turn < turns; turn++)
        {
            ref Pair pair = ref arena.New(new Pair { First = turn });
            sum += (int)pair.First;
        }

        return sum;
    }

    /// <summary>Slices of 16 bytes in a borrow of an owner, which was reset.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static int Slices(int turns, int byteCount)
    {
        s_owner.Reset();
        int sum = 0;
        using ArenaBorrow arena = s_owner.Borrow();
        for (int turn = 0; turn < turns; turn++)
        {
            ArenaSlice<Pair> slice = arena.AllocateSlice<Pair>(1);
            arena.AsSpan(slice)[0].First = turn;
            sum += (int)arena.AsSpan(slice)[0].First;
        }

        return sum;
    }

    /// <summary>Elements of 16 bytes at a plain bump pointer, which was reset.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static unsafe int Bump(int turns, int byteCount)
    {
        BumpPointer bump = s_bump;
        bump.Reset();
        int sum = 0;
        for (int turn = 0; turn < turns; turn++)
        {
            Pair* pair = bump.New(new Pair { First = turn });
            sum += (int)pair->First;
        }

        return sum;
    }

    /// <summary>Four scopes within each other, an element in each.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static int NestedScopes(int turns, int byteCount)
    {
        int sum = 0;
        using var arena = NativeArena.Create();
        for (int turn = 0; turn < turns; turn++)
        {
            using ArenaScope first = arena.BeginScope();
            ref int one = ref first.New(turn);
            using ArenaScope second = first.BeginScope();
            ref int two = ref second.New(1);
            using ArenaScope third = second.BeginScope();
            ref int three = ref third.New(1);
            using ArenaScope fourth = third.BeginScope();
            sum += one + two + three + fourth.New(1);
        }

        return sum;
    }

    /// <summary>Four blocks of the C library within each other.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static unsafe int NestedBlocks(int turns, int byteCount)
    {
        int sum = 0;
        for (int turn = 0; turn < turns; turn++)
        {
            int* one = New(turn);
            try
            {
                int* two = New(1);
                try
                {
                    int* three = New(1);
                    try
                    {
                        int* four = New(1);
                        try
                        {
                            sum += *one + *two + *three + *four;
                        }
                        finally
                        {
                            NativeMemory.Free(four);
                        }
                    }
                    finally
                    {
                        NativeMemory.Free(three);
                    }
                }
                finally
                {
                    NativeMemory.Free(two);
                }
            }
            finally
            {
                NativeMemory.Free(one);
            }
        }

        return sum;

        static int* New(int value)
        {
            int* place = (int*)NativeMemory.Alloc(sizeof(int));
            *place = value;
            return place;
        }
    }

    /// <summary>Reads elements of an arena through references.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static int References(int turns, int byteCount)
    {
        int sum = 0;
        using ArenaBorrow arena = s_nodes.Borrow();
        foreach (ArenaRef<Node> reference in s_references.AsSpan(0, turns))
        {
            sum += arena.At(reference).Value;
        }

        return sum;
    }

    /// <summary>Reads the same elements of a list through indexes.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static int Indexes(int turns, int byteCount)
    {
        int sum = 0;
        List<(int Next, int Value)> list = s_list;
        foreach (int index in s_indexes.AsSpan(0, turns))
        {
            sum += list[index].Value;
        }

        return sum;
    }

    private static ArenaRef<Node>[] MakeNodes()
    {
        var references = new ArenaRef<Node>[MostTurns];
        using ArenaBorrow arena = s_nodes.Borrow();
        for (int i = 0; i < MostTurns; i++)
        {
            references[i] = arena.NewRef(new Node { Next = i == 0 ? default : references[i - 1], Value = i });
            s_list.Add((i - 1, i));
            s_indexes[i] = i;
        }

        return references;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct Pair
    {
        public long First;
        public long Second;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct Node
    {
        public ArenaRef<Node> Next;
        public int Value;
    }
}
