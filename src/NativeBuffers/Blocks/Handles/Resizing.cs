namespace NativeBuffers.Blocks.Handles;

/// <summary>Gives a ownedBlock's block another size, while the caller excludes other threads and an allocator may call the program.</summary>
internal static class Resizing
{
    /// <summary>Gives the slot room for another number of bytes.</summary>
    /// <param name="ownedBlock">The ownedBlock of the owner. If this throws, other threads may enter again.</param>
    /// <param name="oldBytes">The number of bytes to keep.</param>
    /// <param name="newBytes">The number of bytes that must have room.</param>
    /// <param name="zeroed">Whether the bytes after the old ones must be zero.</param>
    /// <param name="trims">Whether a block of the cache is left for a smaller one that is large enough.</param>
    /// <exception cref="OutOfMemoryException">Memory is exhausted; the block is as it was.</exception>
    /// <returns>True if the owner was disposed meanwhile: by another thread, or by code of the program that an allocator called.</returns>
    public static bool Relocate(ref OwnedBlock ownedBlock, nuint oldBytes, nuint newBytes, bool zeroed = true, bool trims = false)
    {
        unsafe
        {
            // SAFETY: this thread excludes the others, so it may change the slot, whose block has oldBytes bytes. The note ends
            // before the stack frame that has it.
            Exclusion note;
            Exclusion.Begin(&note, ownedBlock.Slot, ownedBlock.Opened);
            try
            {
                Relocation.Resize(ownedBlock.Slot, oldBytes, newBytes, zeroed, trims);
                return Exclusion.End(&note, ownedBlock.Slot, ownedBlock.Opened);
            }
            catch
            {
                LetIn(ref ownedBlock, &note);
                throw;
            }
        }
    }

    /// <summary>Lets other threads enter again after a failure, or closes the owner if that was asked for meanwhile.</summary>
    /// <safety>This thread excludes the others. It has begun the note, which is still on the stack.</safety>
    public static unsafe void LetIn(ref OwnedBlock ownedBlock, Exclusion* note)
    {
        if (Exclusion.End(note, ownedBlock.Slot, ownedBlock.Opened))
        {
            ownedBlock.CloseExcluded();
        }
        else
        {
            ownedBlock.LetIn();
        }
    }
}
