using System.Collections.Generic;
using Microsoft.CodeAnalysis;

namespace NativeBuffers.Analyzers.Symbols;

/// <summary>The members of the library's owners, and their effects.</summary>
internal static class Members
{
    private static readonly Dictionary<string, MemberEffect> s_all = new()
    {
        ["Length"] = MemberEffect.Harmless,
        ["Count"] = MemberEffect.Harmless,
        ["LongCount"] = MemberEffect.Harmless,
        ["Capacity"] = MemberEffect.Harmless,
        ["IsEmpty"] = MemberEffect.Harmless,
        ["IsDisposed"] = MemberEffect.Harmless,
        ["IsOnStack"] = MemberEffect.Harmless,
        ["IsInvalid"] = MemberEffect.Harmless,
        ["IsClosed"] = MemberEffect.Harmless,
        ["ByteCount"] = MemberEffect.Harmless,
        ["ByteLength"] = MemberEffect.Harmless,
        ["MaximumLength"] = MemberEffect.Harmless,
        ["AllocatedBytes"] = MemberEffect.Harmless,
        ["Allocator"] = MemberEffect.Harmless,
        ["CanWrite"] = MemberEffect.Harmless,
        ["Name"] = MemberEffect.Harmless,
        ["Path"] = MemberEffect.Harmless,
        ["GrantedHugePages"] = MemberEffect.Harmless,
        ["HugePagesRefusal"] = MemberEffect.Harmless,
        ["PageByteCount"] = MemberEffect.Harmless,
        ["Equals"] = MemberEffect.Harmless,
        ["GetHashCode"] = MemberEffect.Harmless,
        ["GetType"] = MemberEffect.Harmless,
        ["ToString"] = MemberEffect.Harmless,
        ["Unpin"] = MemberEffect.Harmless,
        ["Dispose"] = MemberEffect.Dispose,
        ["Close"] = MemberEffect.Dispose,
        ["Move"] = MemberEffect.Move,
        ["MoveAs"] = MemberEffect.Move,
        ["ToOwner"] = MemberEffect.Move,
        ["Release"] = MemberEffect.Release,
        ["SetHandleAsInvalid"] = MemberEffect.Release,
        ["Resize"] = MemberEffect.Resize,
        ["AsSpan"] = MemberEffect.View,
        ["Span"] = MemberEffect.View,
        ["Pointer"] = MemberEffect.View,
        ["GetPinnableReference"] = MemberEffect.View,
        ["op_Implicit"] = MemberEffect.View,
        ["this[]"] = MemberEffect.View,
        ["Memory"] = MemberEffect.LastingView,
        ["Slice"] = MemberEffect.LastingView,
        ["AsReadOnlySequence"] = MemberEffect.LastingView,
        ["Allocate"] = MemberEffect.View,
        ["AllocateUninitialized"] = MemberEffect.View,
        ["CopyFrom"] = MemberEffect.View,
        ["New"] = MemberEffect.View,
        ["At"] = MemberEffect.View,
        ["CopyString"] = MemberEffect.View,
        ["CopyUtf8String"] = MemberEffect.View,
        ["BeginScope"] = MemberEffect.BeginScope,
        ["Borrow"] = MemberEffect.Borrow,
        ["BorrowReadOnly"] = MemberEffect.Borrow,
        ["Retain"] = MemberEffect.Borrow,
        ["Pin"] = MemberEffect.Borrow,
    };

    private static readonly Dictionary<string, MemberEffect> s_lists = new()
    {
        ["Add"] = MemberEffect.Grow,
        ["AddRange"] = MemberEffect.Grow,
        ["Insert"] = MemberEffect.Grow,
        ["InsertRange"] = MemberEffect.Grow,
        ["EnsureCapacity"] = MemberEffect.Grow,
        ["TrimExcess"] = MemberEffect.Grow,
        ["Resize"] = MemberEffect.Grow,
        ["GetSpan"] = MemberEffect.GrowAndView,
        ["Slice"] = MemberEffect.View,
        ["GetMemory"] = MemberEffect.GrowAndLastingView,
    };

    /// <summary>The effect of a member.</summary>
    public static MemberEffect EffectOf(OwnerKind kind, ISymbol member)
    {
        string name = member is IPropertySymbol { IsIndexer: true } ? "this[]" : member.Name;
        bool isList = kind == OwnerKind.ScratchList || (kind == OwnerKind.Heap && member.ContainingType.Name == "NativeList");
        if (isList && s_lists.TryGetValue(name, out MemberEffect effect))
        {
            return effect;
        }

        if (kind == OwnerKind.Heap && name == "this[]")
        {
            return MemberEffect.Use;
        }

        if ((kind is OwnerKind.Buffer or OwnerKind.Pooled) && (name is "Slice" or "GetEnumerator"))
        {
            return MemberEffect.View;
        }

        if (kind == OwnerKind.Pooled && name == "Resize")
        {
            return MemberEffect.Move;
        }

        if (member.ContainingType.Name == "StableBuffer" && name == "Resize")
        {
            return MemberEffect.Use;
        }

        if (kind == OwnerKind.Heap && name == "GetSpan")
        {
            return MemberEffect.View;
        }

        return s_all.TryGetValue(name, out effect) ? effect : MemberEffect.Use;
    }

    /// <summary>True if a method of the library takes the owner that it is given.</summary>
    public static bool Takes(IMethodSymbol method) => method.Name is "FromOwner" or "TakeBlock" or "Release";
}
