namespace NativeBuffers.Primitives;

/// <summary>A lock that <see cref="Thread.Interrupt"/> does not break into, so that <c>Dispose</c> never throws.</summary>
/// <remarks>The interruption is kept, and reaches the thread where it waits next.</remarks>
internal sealed class UninterruptedLock
{
    private readonly Lock _lock = new();

    /// <summary>Enters; leave by disposing of the result.</summary>
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
