using NativeBuffers.Blocks;

namespace NativeBuffers.Arenas;

/// <summary>Begins and ends the innermost scope of an arena, where its chunk has room for the checkpoint and no chunk was added.</summary>
/// <remarks>
/// Each word is copied on its own. A load of several words at once would wait until the stores of the single words have reached the
/// cache: 5 ns for each scope.
/// </remarks>
internal static class ArenaScopes
{
    /// <summary>Begins a scope, whose generation is the current one afterwards; false if the chunk has no room.</summary>
    /// <param name="generations">The arena's. The current one is that of the outer scope.</param>
    /// <param name="header">The arena's.</param>
    /// <param name="isInSlot">Whether the generations are those of the first chunk's slot.</param>
    /// <safety>The header is valid.</safety>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static unsafe bool TryBegin(ref ArenaGenerations generations, ArenaHeader* header, bool isInSlot)
    {
        ulong start = (header->Now.Next + (sizeof(ulong) - 1)) & ~(ulong)(sizeof(ulong) - 1);
        ulong end = start + (ulong)sizeof(ArenaHeader.Checkpoint);
        ulong last = header->LastGeneration;
        ulong generation = last + ArenaGenerations.Step;
        if (end > header->Now.End || (isInSlot && !TryCount(header->First.Slot, last, generation)))
        {
            return false;
        }

        var scope = (ArenaHeader.Checkpoint*)start;
        scope->Before.Next = header->Now.Next;
        scope->Before.End = header->Now.End;
        scope->Before.Reserve = header->Now.Reserve;
        scope->Before.LastChunk = header->Now.LastChunk;
        scope->Before.Innermost = header->Now.Innermost;
        scope->Opened = generation;
        scope->OuterGeneration = generations.Current;
        header->Now.Next = end;
        header->Now.Innermost = scope;
        header->LastGeneration = generation;
        generations.Current = generation;
        return true;
    }

    /// <summary>Ends the innermost scope; false if chunks were added since it began.</summary>
    /// <safety>The header is valid, and a scope is open. Its memory is not used afterwards.</safety>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static unsafe bool TryEnd(ref ArenaGenerations generations, ArenaHeader* header)
    {
        ArenaHeader.Checkpoint* scope = header->Now.Innermost;
        if (header->Now.LastChunk != scope->Before.LastChunk)
        {
            return false;
        }

        header->Now.Next = scope->Before.Next;
        header->Now.End = scope->Before.End;
        header->Now.Reserve = scope->Before.Reserve;
        header->Now.Innermost = scope->Before.Innermost;
        generations.Current = scope->OuterGeneration;
        return true;
    }

    /// <summary>Moves the count of a slot's allocations past the generation of a scope; false if the thread must count allocations first.</summary>
    /// <safety>The slot is the arena's.</safety>
    private static unsafe bool TryCount(Slot* slot, ulong last, ulong next)
    {
        ulong* counted = SlotTable.CountedOf(slot);
        if (*counted != new Generation(last).Number)
        {
            return false;
        }

        Volatile.Write(ref *counted, new Generation(next).Number);
        return true;
    }
}
