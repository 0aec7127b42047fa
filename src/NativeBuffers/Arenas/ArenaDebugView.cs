using System.Diagnostics;

namespace NativeBuffers.Arenas;

/// <summary>An arena for the debugger: its blocks, its open scopes, and its bytes. It changes no state, and an ended arena has nothing.</summary>
internal sealed class ArenaDebugView
{
    public ArenaDebugView([BorrowsOwnership] NativeArena arena)
        : this(arena.Handle)
    {
    }

    public ArenaDebugView([BorrowsOwnership] ArenaScope scope)
        : this(scope.Handle)
    {
    }

    public ArenaDebugView([BorrowsOwnership] ArenaBorrow borrow)
        : this(borrow.Handle)
    {
    }

    public ArenaDebugView(NativeArenaOwner owner)
    {
        unsafe
        {
            // SAFETY: a debugger stops all threads, so the header of an arena that was not disposed stays valid.
            Blocks = owner.IsDisposed ? [] : Read(owner.Header);
        }
    }

    private ArenaDebugView(ArenaHandle handle)
    {
        unsafe
        {
            // SAFETY: the arena is alive, so the pointer is that of its header.
            Blocks = handle.IsAlive ? Read(handle.Header) : [];
        }
    }

    /// <summary>The number of bytes that are handed out, with padding.</summary>
    public long AllocatedBytes { get; private set; }

    /// <summary>The number of bytes that the limit allows besides; <see cref="long.MaxValue"/> less the allocated bytes without a limit.</summary>
    public long RemainingBytes { get; private set; }

    /// <summary>The number of open scopes within each other.</summary>
    public int OpenScopes { get; private set; }

    /// <summary>The blocks, in the order in which they were taken.</summary>
    public Block[] Blocks { get; }

    /// <safety>The header is valid during the call.</safety>
    private unsafe Block[] Read(ArenaHeader* header)
    {
        AllocatedBytes = header->HandedOut;
        RemainingBytes = (long)header->Now.Remaining;
        for (ArenaHeader.Checkpoint* scope = header->Now.Innermost; scope != null; scope = scope->Before.Innermost)
        {
            OpenScopes++;
        }

        var blocks = new Block[header->Now.LastChunk->Index + 1];
        for (ArenaHeader.Chunk* chunk = header->Now.LastChunk; chunk != null; chunk = chunk->Previous)
        {
            blocks[chunk->Index] = new Block((nint)chunk, (long)chunk->Slot->ByteCount);
        }

        return blocks;
    }

    /// <summary>A block of an arena, with the arena's own data at its start.</summary>
    [DebuggerDisplay("{ByteCount} bytes at {Start}")]
    internal readonly record struct Block(nint Start, long ByteCount);
}
