using NativeBuffers.Blocks.Lifecycle;
using NativeBuffers.Primitives;

namespace NativeBuffers.Blocks.Handles;

/// <summary>The changes of a list's block during which one thread excludes all other threads: growth, and the move to another owner.</summary>
internal static class HomeChanges
{
    /// <param name="block">The block.</param>
    extension(ref HomeBlock block)
    {
        /// <summary>Makes room for exactly a number of elements, or for the present ones if they are more. False after the end.</summary>
        /// <param name="keeper">The list or the <see cref="LaterBlock"/> that has the block.</param>
        /// <param name="count">The count of that object.</param>
        /// <param name="place">The list's reference to its <see cref="LaterBlock"/>; null while the list itself has the block. If the block had to be
        /// retired, it refers to a new one afterwards.</param>
        /// <param name="capacity">In elements.</param>
        /// <param name="elementSize">In bytes.</param>
        /// <param name="type">The type of the elements.</param>
        /// <exception cref="InvalidOperationException">The block is borrowed or pinned.</exception>
        /// <exception cref="OutOfMemoryException">Memory is exhausted; the block is unchanged.</exception>
        public bool TryReserve(ICleanedOwner keeper, ref long count, ref LaterBlock? place, long capacity, int elementSize, Type type)
        {
            _ = Layout.ByteCount(capacity, elementSize);
            if (!block.Owned.TryEnterExclusive())
            {
                return false;
            }

            if (block.TakeHome(keeper) is not HomeBlock.None and var home)
            {
                return block.TryReplace(keeper, ref count, ref place, home, capacity, elementSize, type);
            }

            bool closes = ExclusiveUse.ResizeToFit(ref block.Owned, capacity, block.CountInside(ref count), elementSize);
            unsafe
            {
                // SAFETY: this thread excludes all other threads, so the slot is its to read.
                Slot* slot = block.Owned.Slot;
                SlotState state = ExclusiveUse.StateHere(slot);
                if (!closes && state == SlotState.Biased && slot->Kind != SlotKind.Foreign)
                {
                    block.BeginNext(keeper, ref place);
                }

                bool isOpen = block.Owned.Reopen((long)(slot->ByteCount / (nuint)elementSize), state, closes);
                block.KeepAlive();
                return isOpen;
            }
        }

        /// <summary>Moves the elements to another owner, in a block of their size. False after the end.</summary>
        /// <inheritdoc cref="TryReserve" path="/exception"/>
        public bool TryMoveUsed(ICleanedOwner keeper, ref long count, int elementSize, Type type, out OwnedBlock moved)
        {
            moved = default;
            if (!block.Owned.TryEnterExclusive())
            {
                return false;
            }

            if (block.TakeHome(keeper) is not HomeBlock.None and var home)
            {
                LaterBlock? copy = block.CopyExcluded(keeper, ref count, home, 0, elementSize, type);
                if (copy is null)
                {
                    return false;
                }

                try
                {
                    _ = copy.Block.TryMoveUsed(copy, ref copy.Count, elementSize, type, out moved);
                }
                catch
                {
                    _ = copy.Block.TryClose(copy, out _);
                    block.Owned.EndExclusive();
                    throw;
                }

                block.Retire(keeper, block.Owned.CloseExclusivePinned(), home);
                return true;
            }

            block.Owned.DropOwner(keeper);
            bool isOpen = block.Owned.TryMoveExcluded(block.CountInside(ref count), elementSize, out moved);
            block.KeepAlive();
            return isOpen;
        }

        /// <summary>Takes the block of an owner into a new list, with all elements. False after the end of the owner.</summary>
        /// <param name="keeper">The object with the block.</param>
        /// <param name="count">The count of that object.</param>
        /// <param name="from">The block of the owner, which is over then.</param>
        /// <param name="elementSize">In bytes.</param>
        /// <exception cref="InvalidOperationException">The owner's block is borrowed or pinned.</exception>
        /// <exception cref="OutOfMemoryException">Memory is exhausted; the owner is unchanged.</exception>
        public bool TryTake(ICleanedOwner keeper, ref long count, ref OwnedBlock from, int elementSize)
        {
            block.BeginOver();
            if (!from.TryEnterExclusive())
            {
                return false;
            }

            ExclusiveUse.EnsureCleaner(ref from);
            unsafe
            {
                // SAFETY: this thread excludes all other threads until Moved. So the slot, which is never unmapped, keeps its block of ByteCount bytes.
                Slot* slot = from.Slot;
                SlotState state = slot->Kind == SlotKind.Foreign ? SlotState.Open : ExclusiveUse.StateHere(slot);
                count = from.BorrowedLength;
                block.Owned = from.Moved((long)(slot->ByteCount / (nuint)elementSize), state);
                if (state == SlotState.Biased)
                {
                    LaterBlock? later = null;
                    block.BeginNext(keeper, ref later);
                }

                block.KeepAlive();
                return true;
            }
        }

        /// <summary>Goes on with a copy of the elements in another object.</summary>
        [MethodImpl(MethodImplOptions.NoInlining)]
        private bool TryReplace(
            ICleanedOwner keeper, ref long count, ref LaterBlock? place, nint home, long capacity, int elementSize, Type type)
        {
            var before = keeper as LaterBlock;
            LaterBlock? copy = block.CopyExcluded(keeper, ref count, home, capacity, elementSize, type);
            if (copy is null)
            {
                return false;
            }

            // Before the old generation ends: a thread that finds it over looks for the next object.
            bool isPlaced = Interlocked.CompareExchange(ref place, copy, before) == before;
            block.Retire(keeper, block.Owned.CloseExclusivePinned(), home);
            if (!isPlaced)
            {
                _ = copy.Block.TryClose(copy, out _);
            }

            return isPlaced;
        }

        /// <summary>Copies the elements, while this thread excludes the other threads. Null if the list was disposed in between.</summary>
        /// <exception cref="OutOfMemoryException">Memory is exhausted; the block is unchanged, and other threads may use it again.</exception>
        private LaterBlock? CopyExcluded(ICleanedOwner keeper, ref long count, nint home, long capacity, int elementSize, Type type)
        {
            unsafe
            {
                // SAFETY: this thread excludes all other threads but the home, which does not change length and address. The note ends before
                // the stack frame that has it.
                long length = block.CountInside(ref count);
                LaterBlock? copy = null;
                Exclusion note;
                Exclusion.Begin(&note, block.Owned.Slot, block.Owned.Opened);
                bool closes = true;
                try
                {
                    copy = LaterBlock.Create(long.Max(capacity, length), elementSize, type);
                    Buffer.MemoryCopy(block.Owned.Start, copy.Block.BorrowedStart, copy.Block.Capacity * elementSize, length * elementSize);
                    copy.Count = length;
                    copy.Block.Version = block.Version;
                }
                finally
                {
                    closes = Exclusion.End(&note, block.Owned.Slot, block.Owned.Opened);
                    if (closes)
                    {
                        block.Retire(keeper, block.Owned.CloseExclusivePinned(), home);
                    }
                    else if (copy is null)
                    {
                        block.Owned.EndExclusive();
                    }
                }

                if (closes)
                {
                    _ = copy.Block.TryClose(copy, out _);
                    return null;
                }

                return copy;
            }
        }
    }
}
