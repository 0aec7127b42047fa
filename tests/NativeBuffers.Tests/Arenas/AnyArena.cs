using System.Diagnostics.CodeAnalysis;

namespace NativeBuffers.Tests.Arenas;

/// <summary>An arena, a scope or a borrow, so that their common promises are tested once.</summary>
[SuppressMessage("Ownership", "NB0005", Justification = "The wrapper lives shorter than the arena, and disposes nothing.")]
internal readonly ref struct AnyArena
{
    private readonly NativeArena _arena;
    private readonly ArenaScope _scope;
    private readonly ArenaBorrow _borrow;
    private readonly ArenaKind _kind;

    public AnyArena(NativeArena arena)
    {
        _arena = arena;
        _kind = ArenaKind.Arena;
    }

    public AnyArena(ArenaScope scope)
    {
        _scope = scope;
        _kind = ArenaKind.Scope;
    }

    public AnyArena(ArenaBorrow borrow)
    {
        _borrow = borrow;
        _kind = ArenaKind.Borrow;
    }

    /// <summary>A use of an arena.</summary>
    public delegate void Use(in AnyArena arena);

    /// <summary>Creates an arena, lets it be used, and disposes it.</summary>
    public static void With(
        ArenaKind kind, Use use, int initialBytes = 4096, NativeAllocator? allocator = null, long byteLimit = long.MaxValue)
    {
        if (kind is ArenaKind.Borrow or ArenaKind.ScopeOfBorrow)
        {
            using var owner = NativeArenaOwner.Create(initialBytes, allocator, byteLimit);
            using ArenaBorrow borrow = owner.Borrow();
            if (kind == ArenaKind.Borrow)
            {
                use(new AnyArena(borrow));
                return;
            }

            using ArenaScope scopeOfBorrow = borrow.BeginScope();
            use(new AnyArena(scopeOfBorrow));
            return;
        }

        using var arena = NativeArena.Create(initialBytes, allocator, byteLimit);
        if (kind == ArenaKind.Arena)
        {
            use(new AnyArena(arena));
            return;
        }

        using ArenaScope outer = arena.BeginScope();
        using ArenaScope inner = outer.BeginScope();
        use(new AnyArena(inner));
    }

    /// <summary>The exception that the use throws; null if it throws none.</summary>
    public static Exception? Thrown(in AnyArena arena, Use use)
    {
        try
        {
            use(arena);
            return null;
        }
        catch (Exception exception)
        {
            return exception;
        }
    }

    [UnscopedRef]
    public Span<T> Allocate<T>(int length)
        where T : unmanaged
    {
        switch (_kind)
        {
            case ArenaKind.Arena:
                return _arena.Allocate<T>(length);
            case ArenaKind.Scope:
                return _scope.Allocate<T>(length);
            default:
                return _borrow.Allocate<T>(length);
        }
    }

    [UnscopedRef]
    public Span<T> AllocateUninitialized<T>(int length)
        where T : unmanaged
    {
        switch (_kind)
        {
            case ArenaKind.Arena:
                return _arena.AllocateUninitialized<T>(length);
            case ArenaKind.Scope:
                return _scope.AllocateUninitialized<T>(length);
            default:
                return _borrow.AllocateUninitialized<T>(length);
        }
    }

    [UnscopedRef]
    public Span<T> CopyFrom<T>(scoped ReadOnlySpan<T> source)
        where T : unmanaged
    {
        switch (_kind)
        {
            case ArenaKind.Arena:
                return _arena.CopyFrom(source);
            case ArenaKind.Scope:
                return _scope.CopyFrom(source);
            default:
                return _borrow.CopyFrom(source);
        }
    }

    [UnscopedRef]
    public ref T New<T>(T value)
        where T : unmanaged
    {
        switch (_kind)
        {
            case ArenaKind.Arena:
                return ref _arena.New(value);
            case ArenaKind.Scope:
                return ref _scope.New(value);
            default:
                return ref _borrow.New(value);
        }
    }

    public void Dispose()
    {
        switch (_kind)
        {
            case ArenaKind.Arena:
                _arena.Dispose();
                break;
            case ArenaKind.Scope:
                _scope.Dispose();
                break;
            default:
                _borrow.Dispose();
                break;
        }
    }

    [UnscopedRef]
    public ArenaScope BeginScope()
    {
        switch (_kind)
        {
            case ArenaKind.Arena:
                return _arena.BeginScope();
            case ArenaKind.Scope:
                return _scope.BeginScope();
            default:
                return _borrow.BeginScope();
        }
    }
}
