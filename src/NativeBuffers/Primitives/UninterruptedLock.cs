namespace NativeBuffers.Primitives;

/// <summary>A lock whose wait <see cref="Thread.Interrupt"/> does not end, so that <c>Dispose</c> never throws.</summary>
/// <remarks>
/// The interruption is kept, and reaches the thread at its next wait. Not over <see cref="Lock"/>: the first use of that type in a process
/// takes 0.25 ms, and the first buffer takes locks.
/// </remarks>
internal sealed class UninterruptedLock
{
    /// <summary>Enters the lock. The caller disposes the result to leave it.</summary>
    public Scope Enter()
    {
        bool isInterrupted = false;
        while (true)
        {
            try
            {
                Monitor.Enter(this);
                if (isInterrupted)
                {
                    Thread.CurrentThread.Interrupt();
                }

                return new Scope(this);
            }
            catch (ThreadInterruptedException)
            {
                isInterrupted = true;
            }
        }
    }

    /// <summary>The time between entering and leaving the lock.</summary>
    internal readonly ref struct Scope(UninterruptedLock entered)
    {
        /// <summary>Leaves the lock.</summary>
        public void Dispose() => Monitor.Exit(entered);
    }
}
