using System.Runtime.CompilerServices;

namespace NativeBuffers.AspNetCore;

/// <summary>Admission that waits: asynchronous code reserves bytes of a budget, and waits while there is no room.</summary>
/// <remarks>The first waiter of a budget gets the first room, so a large request is not passed by small ones.</remarks>
/// <example>
/// <code>
/// var uploads = memory.Budget.WithBudget(new() { Name = "Uploads", Limit = 64 &lt;&lt; 20 });
/// using NativeMemoryReservation room = await uploads.WaitAsync(1 &lt;&lt; 20, context.RequestAborted);
/// </code>
/// </example>
public static class NativeMemoryBudgetAdmission
{
    private static readonly TimeSpan s_shortest = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan s_longest = TimeSpan.FromMilliseconds(16);

    /// <summary>The queues of budgets: one waiter of a budget looks for room, and the rest wait for their turn.</summary>
    private static readonly ConditionalWeakTable<NativeMemoryBudget, SemaphoreSlim> s_turns = new();

    /// <param name="budget">The budget whose bytes are reserved.</param>
    extension(NativeMemoryBudget budget)
    {
        /// <summary>Reserves bytes as <see cref="NativeMemoryBudget.TryReserve"/> does, and waits while there is no room.</summary>
        /// <param name="byteCount">In bytes.</param>
        /// <param name="cancellationToken">Ends the wait.</param>
        /// <returns>The reservation, which the caller disposes. The bytes are set aside until then.</returns>
        /// <remarks>Waiting takes no thread. The waiter looks for room each 1 to 16 milliseconds, because a free announces nothing.</remarks>
        /// <exception cref="ArgumentOutOfRangeException"><paramref name="byteCount"/> is negative, or above the limit of the budget or of one above it.</exception>
        /// <exception cref="ObjectDisposedException">The budget was disposed, or one above it.</exception>
        /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
        public async ValueTask<NativeMemoryReservation> WaitAsync(long byteCount, CancellationToken cancellationToken = default)
        {
            ArgumentNullException.ThrowIfNull(budget);
            ArgumentOutOfRangeException.ThrowIfNegative(byteCount);
            for (NativeMemoryBudget? each = budget; each is not null; each = each.Parent)
            {
                ArgumentOutOfRangeException.ThrowIfGreaterThan(byteCount, each.Limit);
            }

            SemaphoreSlim turn = s_turns.GetValue(budget, static _ => new SemaphoreSlim(1));
            await turn.WaitAsync(cancellationToken).ConfigureAwait(false);
            try
            {
                TimeSpan pause = s_shortest;
                while (true)
                {
                    if (HasRoom(budget, byteCount) && budget.TryReserve(byteCount) is { } reservation)
                    {
                        return reservation;
                    }

                    await Task.Delay(pause, cancellationToken).ConfigureAwait(false);
                    pause = pause < s_longest ? pause * 2 : s_longest;
                }
            }
            finally
            {
                turn.Release();
            }
        }
    }

    /// <summary>Whether a reservation would probably succeed: one that fails counts as a refusal.</summary>
    private static bool HasRoom(NativeMemoryBudget budget, long byteCount)
    {
        if (budget.IsDisposed || byteCount > budget.Limit - budget.ReservedBytes)
        {
            return budget.IsDisposed;
        }

        for (NativeMemoryBudget? above = budget.Parent; above is not null; above = above.Parent)
        {
            if (byteCount > above.Limit - above.UsedBytes - above.SetAsideBytes && !above.IsDisposed)
            {
                return false;
            }
        }

        return true;
    }
}
