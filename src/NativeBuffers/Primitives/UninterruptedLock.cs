namespace NativeBuffers.Primitives;

/// <summary>A lock whose wait <see cref="Thread.Interrupt"/> does not end, so that <c>Dispose</c> never throws.</summary>
/// <remarks>The interruption is kept, and reaches the thread at its next wait.</remarks>
internal sealed class UninterruptedLock
{
    private readonly Lock _lock = new();

    /// <summary>Enters the lock. The caller disposes the result to leave it.</summary>
    public Lock.Scope Enter()
    {
        bool isInterrupted = false;
        while (true)
        {
            try
            {
                Lock.Scope scope = _lock.EnterScope();
                if (isInterrupted)
                {
                    Thread.CurrentThread.Interrupt();
                }

                return scope;
            }
            catch (ThreadInterruptedException)
            {
                isInterrupted = true;
            }
        }
    }
}
