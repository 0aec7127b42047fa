namespace NativeBuffers.Tests.Arenas;

/// <summary>The types that allocate from an arena.</summary>
public enum ArenaKind
{
    /// <summary>A <see cref="NativeArena"/>.</summary>
    Arena,

    /// <summary>A scope of a scope of one.</summary>
    Scope,

    /// <summary>A borrow of a <see cref="NativeArenaOwner"/>.</summary>
    Borrow,

    /// <summary>A scope of such a borrow.</summary>
    ScopeOfBorrow,
}
