namespace NativeBuffers.Analyzers.Tests.Oracle;

/// <summary>The kinds of owners in a program of the oracle.</summary>
internal enum OwnerKind
{
    Buffer,
    ScratchList,
    Arena,
    Scope,
    Borrow,
    HeapOwner,
    HeapList,
    Pooled,
}

internal static class OwnerKinds
{
    extension(OwnerKind kind)
    {
        /// <summary>True for ref structs: no copy of one leaves the method.</summary>
        public bool IsScoped => kind <= OwnerKind.Borrow;

        /// <summary>True for ref structs whose members change the variable, so that a copy becomes stale.</summary>
        public bool HasMutatingMembers => kind is OwnerKind.Buffer or OwnerKind.ScratchList;

        /// <summary>True for owners with <c>IsDisposed</c>.</summary>
        public bool CanBeAsked => kind is OwnerKind.Buffer or OwnerKind.HeapOwner or OwnerKind.HeapList;

        /// <summary>True for owners that must not be copied.</summary>
        public bool IsOfOneVariable => kind <= OwnerKind.Scope;

        /// <summary>True for owners with a member that may move their memory.</summary>
        public bool CanGrow => kind is OwnerKind.Buffer or OwnerKind.ScratchList or OwnerKind.HeapOwner or OwnerKind.HeapList;

        public string TypeName => kind switch
        {
            OwnerKind.Buffer => "NativeBuffer<int>",
            OwnerKind.ScratchList => "ScratchList<int>",
            OwnerKind.Arena => "NativeArena",
            OwnerKind.Scope => "ArenaScope",
            OwnerKind.Borrow => "Borrow<int>",
            OwnerKind.HeapOwner => "NativeMemoryOwner<int>",
            OwnerKind.HeapList => "NativeList<int>",
            _ => "PooledBuffer<int>",
        };
    }
}
