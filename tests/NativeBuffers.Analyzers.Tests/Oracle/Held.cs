namespace NativeBuffers.Analyzers.Tests.Oracle;

internal enum HeldState
{
    Owned,
    Disposed,
    Moved,

    /// <summary>A method took a copy of it.</summary>
    Taken,

    /// <summary>The caller has it now.</summary>
    Returned,
}

/// <summary>An owner in a run: each creation, move and borrow makes one.</summary>
internal sealed class Held(OwnerKind kind, Statement origin, Held? parent)
{
    public OwnerKind Kind { get; } = kind;

    public Held? Parent { get; } = parent;

    /// <summary>The statement that made it.</summary>
    public Statement Origin { get; } = origin;

    public HeldState State { get; set; }

    /// <summary>Increased by each member that may move the memory.</summary>
    public int Version { get; set; }

    /// <summary>The statements that used a view of it.</summary>
    public HashSet<Statement> Views { get; } = [];

    /// <summary>True if the caller owns it.</summary>
    public bool IsCallers { get; init; }

    /// <summary>True if a method without attributes has got it: that method may keep and dispose it.</summary>
    public bool IsShared { get; set; }

    /// <summary>True if a method got the variable by <c>ref</c> after the end.</summary>
    public bool IsReplaced { get; set; }

    /// <summary>The answer of <c>IsDisposed</c>, if code outside the method decides.</summary>
    public bool? IsKnownDisposed { get; set; }

    /// <summary>True after the first mistake with it.</summary>
    public bool IsSpoilt { get; set; } = parent is { IsSpoilt: true };

    /// <summary>False if its memory is gone. A borrow keeps the memory of a heap owner; a scope does not keep that of its arena.</summary>
    public bool IsAlive => State == HeldState.Owned && (Kind != OwnerKind.Scope || Parent is null or { IsAlive: true });
}

/// <summary>The value of a variable: an owner, and its version when the value was made.</summary>
internal readonly record struct HeldValue(Held? Held, int Version);

/// <summary>The value of a view: the owner of its memory, and the version in which it was taken. Slices and copies share it.</summary>
internal sealed class Loan(Held? from)
{
    public Held? From { get; } = from;

    public int Version { get; } = from?.Version ?? 0;

    public bool IsSpoilt { get; set; } = from is { IsSpoilt: true };

    public bool IsValid => From is null || (From.IsAlive && From.Version == Version);
}
