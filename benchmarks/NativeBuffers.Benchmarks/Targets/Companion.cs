namespace NativeBuffers.Benchmarks.Targets;

/// <summary>A second thread that turns a loop all the time while the first is measured.</summary>
internal sealed class Companion : IDisposable
{
    private readonly Thread _thread;
    private volatile bool _ends;
    private volatile bool _runs;

    /// <summary>Starts the thread, and returns when it runs.</summary>
    public Companion(Loop loop, int turns, int byteCount)
    {
        _thread = new Thread(() =>
        {
            while (!_ends)
            {
                _ = loop(turns, byteCount);
                _runs = true;
            }
        });
        _thread.Start();
        SpinWait.SpinUntil(() => _runs);
    }

    public void Dispose()
    {
        _ends = true;
        _thread.Join();
    }
}
