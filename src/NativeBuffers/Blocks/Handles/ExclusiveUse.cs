using NativeBuffers.Blocks.Cache.Heaps;
using NativeBuffers.Blocks.Cache.Paths;
using NativeBuffers.Blocks.Cache.Stores;
using NativeBuffers.Blocks.Lifecycle;
using NativeBuffers.Primitives;

namespace NativeBuffers.Blocks.Handles;

/// <summary>The changes of an owned block during which one thread excludes all other threads: resize, reserve, move, release.</summary>
internal static class ExclusiveUse
{
    /// <param name="owned">The block of the owner.</param>
    extension(ref OwnedBlock owned)
    {
        /// <summary>Gives the block another size; false after the end.</summary>
        /// <exception cref="ArgumentOutOfRangeException">The length is negative, or too large to be counted in bytes.</exception>
        /// <exception cref="InvalidOperationException">The block is borrowed or pinned.</exception>
        /// <exception cref="OutOfMemoryException">Memory is exhausted; the block is unchanged.</exception>
        public bool TryResize(long length, int elementSize) => owned.TryResize(length, elementSize, notesLongest: false);

        /// <summary>Gives the block another size; false after the end.</summary>
        /// <param name="length">In elements.</param>
        /// <param name="elementSize">In bytes.</param>
        /// <param name="notesLongest">Whether to note the largest length before another thread can see a smaller one.</param>
        /// <inheritdoc cref="TryResize(ref OwnedBlock, long, int)" path="/exception"/>
        public bool TryResize(long length, int elementSize, bool notesLongest)
        {
            nuint newBytes = Layout.ByteCount(length, elementSize);
            if (!owned.TryEnterExclusive())
            {
                return false;
            }

            unsafe
            {
                // SAFETY: this thread excludes all other threads until Reopen. So the slot keeps its block, whose length is BorrowedLength, until Resize.
                long oldLength = owned.BorrowedLength;
                if (notesLongest && length < oldLength)
                {
                    NoteLongest(ref owned, oldLength);
                }

                bool closes = Resize(ref owned, Layout.ByteCount(oldLength, elementSize), newBytes, zeroed: true, trims: false);
                return owned.Reopen(length, SlotState.Open, closes);
            }
        }

        /// <summary>Marks the block for an owner if its allocator takes blocks from arrays.</summary>
        /// <safety>The caller has the block alone, so the slot names its allocator.</safety>
        public unsafe void MarkByAllocator()
        {
            if (owned.Slot->Kind is SlotKind.Foreign or SlotKind.Pooled && Uncached.AllocatorOf(owned.Slot).HasArrays)
            {
                owned.Mark(OwnedBlock.OverArrays);
            }
        }

        /// <summary>Moves the block to another owner; false after the end.</summary>
        /// <exception cref="InvalidOperationException">The block is borrowed or pinned.</exception>
        public bool TryMove(out OwnedBlock moved)
        {
            moved = default;
            if (!owned.TryEnterExclusive())
            {
                return false;
            }

            unsafe
            {
                // SAFETY: this thread excludes all other threads until the block has moved. So slot, block and length stay as they are.
                moved = owned.Moved(owned.BorrowedLength);
            }

            return true;
        }

        /// <summary>Moves the block to an owner of elements of another size; false after the end.</summary>
        /// <param name="elementSize">Of the elements until now, in bytes.</param>
        /// <param name="newSize">Of the elements of the new owner, in bytes.</param>
        /// <param name="newAlignment">What the address must be a multiple of.</param>
        /// <param name="moved">The block.</param>
        /// <exception cref="ArgumentException">The block is no whole number of such elements, or is not aligned for them. It is unchanged.</exception>
        /// <exception cref="InvalidOperationException">The block is borrowed or pinned.</exception>
        public bool TryMoveAs(int elementSize, int newSize, int newAlignment, out OwnedBlock moved)
        {
            moved = default;
            if (!owned.TryEnterExclusive())
            {
                return false;
            }

            unsafe
            {
                // SAFETY: this thread excludes all other threads until the block has moved. So slot and block stay: BorrowedLength elements from Start.
                long byteCount = owned.BorrowedLength * elementSize;
                nuint start = (nuint)owned.Start;
                if (byteCount % newSize != 0 || start % (nuint)newAlignment != 0)
                {
                    owned.EndExclusive();
                    throw byteCount % newSize != 0
                        ? ThrowHelper.NotWholeElements("TTo", byteCount, newSize)
                        : ThrowHelper.NotAligned("TTo", start, (nuint)newAlignment);
                }

                moved = owned.Moved(byteCount / newSize);
            }

            return true;
        }

        /// <summary>Moves the elements in use to another owner, in a block of their size; false if the owner was disposed in between.</summary>
        /// <remarks>For a thread that excludes the other threads.</remarks>
        /// <param name="used">The number of elements in use, which are kept.</param>
        /// <param name="elementSize">In bytes.</param>
        /// <param name="moved">The block, and as many elements as were in use.</param>
        /// <exception cref="OutOfMemoryException">Memory is exhausted; the block is unchanged, and not exclusive any more.</exception>
        public bool TryMoveExcluded(long used, int elementSize, out OwnedBlock moved)
        {
            moved = default;
            unsafe
            {
                // SAFETY: this thread excludes all other threads until the block has moved. Slots are never unmapped, and the slot keeps its block.
                if (owned.Slot->Kind != SlotKind.Cached && ResizeToFit(ref owned, used, used, elementSize))
                {
                    owned.CloseExclusive();
                    return false;
                }
            }

            moved = owned.Moved(used);
            return true;
        }

        /// <summary>Closes the block at once, but keeps it until the pin ends.</summary>
        /// <remarks>For a thread that excludes the other threads.</remarks>
        public Pin CloseExclusivePinned()
        {
            unsafe
            {
                // SAFETY: this thread excludes all other threads, so the pin begins on the live block. The slot is never unmapped.
                Pin pin = Pin.BeginUnchecked(owned.Slot, owned.Opened);
                owned.Slot->WriteGeneration(owned.Opened.With(SlotState.ClosePending));
                return pin;
            }
        }

        /// <summary>Takes the block out; false after the end.</summary>
        /// <param name="elementSize">In bytes. The caller frees the block by its length in elements.</param>
        /// <param name="block">The block.</param>
        /// <exception cref="InvalidOperationException">The block is borrowed or pinned.</exception>
        /// <exception cref="OutOfMemoryException">Memory is exhausted; the block is unchanged.</exception>
        /// <safety>The block belongs to the caller, which frees it.</safety>
        public unsafe bool TryRelease(int elementSize, out void* block)
        {
            block = null;
            if (!owned.TryEnterExclusive())
            {
                return false;
            }

            Exclusion note;
            Exclusion.Begin(&note, owned.Slot, owned.Opened);
            try
            {
                nuint byteCount = Layout.ByteCount(owned.BorrowedLength, elementSize);
                if (owned.Slot->Kind == SlotKind.Cached && !BlockSource.AreAlike(owned.Slot->ByteCount, byteCount))
                {
                    // The owner was made smaller. From now on, the size alone tells from which source the block comes.
                    ResizePath.Resize(owned.Slot, byteCount, byteCount, zeroed: false, trims: true);
                }

                block = Uncached.Detach(owned.Slot);
                Exclusion.Forget(&note);
            }
            catch
            {
                // A guard had no plain block for the elements, or the program's own allocator threw.
                EndFailed(ref owned, &note);
                throw;
            }

            owned.Keep(null);
            return true;
        }
    }

    /// <summary>The state for a block that this thread goes on to use: biased if the slot is at home here.</summary>
    /// <safety>The slot is the caller's.</safety>
    public static unsafe SlotState StateHere(Slot* slot) => ThreadCache.IsMine(slot->Home) ? SlotState.Biased : SlotState.Open;

    /// <summary>Makes room for another number of elements. The elements in use are kept; the places after them may hold anything.</summary>
    /// <remarks>For a thread that excludes the other threads.</remarks>
    /// <param name="owned">The block of the owner.</param>
    /// <param name="capacity">In elements. The result has more if the block has room for more, or if more are in use.</param>
    /// <param name="used">The number of elements in use.</param>
    /// <param name="elementSize">In bytes.</param>
    /// <returns>True if the owner was disposed in between.</returns>
    /// <exception cref="OutOfMemoryException">Memory is exhausted; the block is unchanged, and not exclusive any more.</exception>
    public static bool ResizeToFit(ref OwnedBlock owned, long capacity, long used, int elementSize) =>
        Resize(
            ref owned, Layout.ByteCount(used, elementSize), Layout.ByteCount(long.Max(capacity, used), elementSize), zeroed: false, trims: true);

    /// <summary>Gives the slot room for another number of bytes. In the meantime, an allocator may call the program.</summary>
    /// <inheritdoc cref="ResizePath.Resize" path="/exception"/>
    /// <returns>True if the owner was disposed in between: by another thread, or by code of the program that an allocator called.</returns>
    private static bool Resize(ref OwnedBlock owned, nuint oldBytes, nuint newBytes, bool zeroed, bool trims)
    {
        unsafe
        {
            // SAFETY: this thread excludes all other threads, so the slot is its to change, and the block has the old bytes. The note ends
            // before the stack frame that has it.
            Exclusion note;
            Exclusion.Begin(&note, owned.Slot, owned.Opened);
            try
            {
                ResizePath.Resize(owned.Slot, oldBytes, newBytes, zeroed, trims);
                return Exclusion.End(&note, owned.Slot, owned.Opened);
            }
            catch
            {
                EndFailed(ref owned, &note);
                throw;
            }
        }
    }

    /// <summary>Gives the slot a cleaner if it has none, for a list that is about to take the block.</summary>
    /// <remarks>For a thread that excludes the other threads.</remarks>
    /// <exception cref="OutOfMemoryException">Memory is exhausted; the block is unchanged, and not exclusive any more.</exception>
    public static void EnsureCleaner(ref OwnedBlock owned)
    {
        if (owned.Cleaner is null)
        {
            try
            {
                unsafe
                {
                    // SAFETY: this thread excludes all other threads, so the slot, which is never unmapped, stays this owner's. From here on the owner
                    // refers to the cleaner.
                    owned.Keep(Cleaner.Of(owned.Slot));
                }
            }
            catch (OutOfMemoryException)
            {
                owned.EndExclusive();
                throw;
            }
        }
    }

    /// <summary>Notes the length of a block that is about to become shorter. For a thread that excludes the other threads.</summary>
    /// <exception cref="OutOfMemoryException">Memory is exhausted; the block is unchanged, and not exclusive any more.</exception>
    private static void NoteLongest(ref OwnedBlock owned, long length)
    {
        try
        {
            owned.MakeExtras().NoteLongest(length);
        }
        catch (OutOfMemoryException)
        {
            owned.EndExclusive();
            throw;
        }
    }

    /// <summary>Lets the other threads enter again after a failure, or closes the owner if it was disposed in between.</summary>
    /// <safety>This thread excludes all other threads. It has begun the note, which is still on the stack.</safety>
    private static unsafe void EndFailed(ref OwnedBlock owned, Exclusion* note)
    {
        if (Exclusion.End(note, owned.Slot, owned.Opened))
        {
            owned.CloseExclusive();
        }
        else
        {
            owned.EndExclusive();
        }
    }
}
