using NativeBuffers.Caches;

namespace NativeBuffers.Lifetimes;

/// <summary>Gives a tenure's block another size, while the caller keeps the others out and an allocator may call the program.</summary>
internal static class Resizing
{
    /// <summary>Gives the slot room for another number of bytes.</summary>
    /// <param name="tenure">The owner's. If this throws, the others are let in again.</param>
    /// <param name="oldBytes">How many bytes to keep.</param>
    /// <param name="newBytes">How many bytes there must be room for.</param>
    /// <param name="zeroed">Whether the bytes behind the old ones must be zero.</param>
    /// <param name="trims">Whether a block of the cache is left for a smaller one that is large enough.</param>
    /// <exception cref="OutOfMemoryException">Memory is exhausted; the block is as it was.</exception>
    /// <returns>True if the owner was disposed meanwhile: by another thread, or by code of the program that an allocator called.</returns>
    public static bool Relocate(ref Tenure tenure, nuint oldBytes, nuint newBytes, bool zeroed = true, bool trims = false)
    {
        unsafe
        {
            // SAFETY: nobody else is in, so the slot is this owner's to change, and has so many old bytes. The note ends before its frame.
            Exclusion note;
            Exclusion.Begin(&note, tenure.Slot, tenure.Held);
            try
            {
                Relocation.Resize(tenure.Slot, oldBytes, newBytes, zeroed, trims);
                return Exclusion.End(&note, tenure.Slot, tenure.Held);
            }
            catch
            {
                LetIn(ref tenure, &note);
                throw;
            }
        }
    }

    /// <summary>Lets others in again after a failure, and closes if that was asked for meanwhile.</summary>
    /// <safety>This thread keeps the others out, and has begun the note.</safety>
    public static unsafe void LetIn(ref Tenure tenure, Exclusion* note)
    {
        bool isAskedToClose = Exclusion.End(note, tenure.Slot, tenure.Held);
        tenure.LetIn();
        if (isAskedToClose)
        {
            tenure.Close();
        }
    }
}
