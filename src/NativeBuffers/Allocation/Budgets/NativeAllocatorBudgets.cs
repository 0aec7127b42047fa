using NativeBuffers.Allocation;

namespace NativeBuffers;

/// <summary>Budgets over an allocator: <c>WithLimit</c> and <c>WithBudget</c>.</summary>
public static class NativeAllocatorBudgets
{
    /// <param name="allocator">The allocator from which the budget takes its blocks.</param>
    extension(NativeAllocator allocator)
    {
        /// <summary>An allocator that takes its blocks from this one, up to a number of bytes at a time.</summary>
        /// <remarks>Limits form a tree: a block of one budget counts in all budgets above it. See <see cref="NativeMemoryBudget"/>.</remarks>
        /// <param name="bytes">The most bytes that may be in use at a time.</param>
        /// <returns>A budget that shows its use. The budget reserves nothing, so it need not be disposed.</returns>
        /// <exception cref="ArgumentOutOfRangeException"><paramref name="bytes"/> is negative.</exception>
        public NativeMemoryBudget WithLimit(long bytes)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(bytes);
            return allocator.WithBudget(new NativeMemoryBudgetOptions { Limit = bytes });
        }

        /// <summary>An allocator with a limit, and if wanted with a name, a reservation and a callback for refused requests.</summary>
        /// <param name="options">The properties of the budget.</param>
        /// <returns>A budget; the caller disposes it if it reserves.</returns>
        /// <exception cref="ArgumentException"><see cref="NativeMemoryBudgetOptions.Name"/> is empty.</exception>
        /// <exception cref="ArgumentNullException"><paramref name="options"/> is null.</exception>
        /// <exception cref="ArgumentOutOfRangeException">The reservation is larger than the limit.</exception>
        /// <exception cref="OutOfMemoryException">A budget above has no room for the reservation.</exception>
        /// <exception cref="ObjectDisposedException">The allocator is a budget that was disposed.</exception>
        public NativeMemoryBudget WithBudget(NativeMemoryBudgetOptions options)
        {
            ArgumentNullException.ThrowIfNull(allocator);
            ArgumentNullException.ThrowIfNull(options);
            return new NativeMemoryBudget(AllocatorHooks.Guarded(allocator), options);
        }
    }
}
